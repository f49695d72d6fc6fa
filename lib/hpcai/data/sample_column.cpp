#include "hpcai/data/sample_column.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

// The name under which a row and a sample meet.
std::string normal_name(const std::string& file) { return fs::path(file).lexically_normal().string(); }

}  // namespace

SampleTable sample_table(const DataConfig& config, Split split, const fs::path& input) {
  if (const auto* table = std::get_if<TableConfig>(&config)) {
    const std::string& own = split == Split::validation ? table->validation_file : split == Split::test ? table->test_file : "";
    const fs::path path = !input.empty() ? input : fs::path(own.empty() ? table->file : own);
    return {path, table->id_column, /*ids_are_files=*/false};
  }
  const auto* stored = std::get_if<ImageFolderConfig>(&config);
  const ImageFolderConfig reading = stored != nullptr ? *stored : ImageFolderConfig{};
  if (!input.empty()) {
    if (!is_folder(input)) return {input, reading.file_column};
    return {input / (fs::path(reading.catalogue).is_absolute() ? "labels.csv" : reading.catalogue), reading.file_column};
  }
  if (stored != nullptr) return {fs::path(reading.folder) / reading.catalogue, reading.file_column};
  throw Error(ExitCode::usage, "--by: these data have no catalogue",
              "It is for data.type table and image_folder, and for --input with a folder or a list that has a catalogue.");
}

std::vector<std::string> sample_column(const SampleTable& table, const std::string& column, const Dataset& dataset) {
  const std::vector<std::string> ids = table.id_column.empty() ? std::vector<std::string>{} : std::vector{table.id_column};
  std::vector<std::string> columns = ids;
  columns.push_back(column);
  const Csv csv(table.path, columns);
  const size_t wanted = csv.column(column);
  const auto name_of = [&](const std::string& id) { return table.ids_are_files ? normal_name(id) : std::string(trim_cell(id)); };
  std::unordered_map<std::string, int64_t> row_of;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    row_of.emplace(ids.empty() ? std::to_string(csv.line(row)) : name_of(csv.cell(row, csv.column(table.id_column))), row);
  }
  std::vector<std::string> values;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const auto row = row_of.find(name_of(dataset.id(i)));
    if (row == row_of.end()) {
      throw Error(ExitCode::bad_data, fmt::format("{}: no row names {}", csv.name(), printable(dataset.id(i))),
                  "Give the table from which these samples were read.");
    }
    const std::string& cell = csv.cell(row->second, wanted);
    values.emplace_back(is_missing(cell) ? std::string_view() : trim_cell(cell));
  }
  return values;
}

}  // namespace hpcai::data
