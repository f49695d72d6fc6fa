#include "hpcai/data/predictions.h"

#include <fmt/format.h>

#include <iterator>
#include <stdexcept>

#include "hpcai/core/version.h"
#include "hpcai/data/hdf5/text_rows.h"
#include "hpcai/data/tables/csv_cell.h"

namespace hpcai::data {
namespace {

void check(const PredictionTable& table) {
  const size_t rows = table.ids.size();
  if (table.predictions.size() != rows * table.columns.size() || table.truth.size() != rows * table.truth_columns.size()) {
    throw std::invalid_argument("PredictionTable: values and columns do not agree");
  }
  for (const auto& column : table.texts) {
    if (column.values.size() != rows) throw std::invalid_argument("PredictionTable: a text column is not complete");
  }
  for (const auto& column : table.numbers) {
    if (column.values.size() != rows) throw std::invalid_argument("PredictionTable: a column of numbers is not complete");
  }
}

void append_numbers(std::string& line, const std::vector<double>& values, size_t row, size_t columns) {
  for (size_t c = 0; c < columns; ++c) fmt::format_to(std::back_inserter(line), ",{}", values[row * columns + c]);
}

}  // namespace

std::string predictions_csv(const PredictionTable& table) {
  check(table);
  std::string text = "id";
  for (const std::string& name : table.columns) text.append(1, ',').append(csv_cell(name));
  for (const std::string& name : table.truth_columns) text.append(1, ',').append(csv_cell(fmt::format("true_{}", name)));
  for (const auto& column : table.texts) text.append(1, ',').append(csv_cell(column.name));
  for (const auto& column : table.numbers) text.append(1, ',').append(csv_cell(column.name));
  text += '\n';
  for (size_t row = 0; row < table.ids.size(); ++row) {
    text += csv_cell(table.ids[row]);
    append_numbers(text, table.predictions, row, table.columns.size());
    append_numbers(text, table.truth, row, table.truth_columns.size());
    for (const auto& column : table.texts) text.append(1, ',').append(csv_cell(column.values[row]));
    for (const auto& column : table.numbers) append_numbers(text, column.values, row, 1);
    text += '\n';
  }
  return text;
}

void write_predictions_hdf5(const std::filesystem::path& path, const PredictionTable& table) {
  check(table);
  if (table.ids.empty()) throw std::invalid_argument("PredictionTable: no rows");
  const auto rows = static_cast<int64_t>(table.ids.size());
  const auto columns = static_cast<int64_t>(table.columns.size()), truths = static_cast<int64_t>(table.truth_columns.size());
  const std::vector<std::string> ids = in_utf8(table.ids);
  std::vector<NewArray> arrays = {text_array("ids", ids), {"predictions", {rows, columns}, ElementType::float64}};
  std::vector<NamedAttribute> attributes = {
      {"generator", "hpcai-train predict"}, {"version", std::string(kVersion)}, {"prediction_names", table.columns}};
  if (truths > 0) {
    arrays.push_back({"truth", {rows, truths}, ElementType::float64});
    attributes.push_back({"truth_names", table.truth_columns});
  }
  const size_t first_text = arrays.size();
  std::vector<std::vector<std::string>> texts;
  for (const auto& column : table.texts) {
    texts.push_back(in_utf8(column.values));
    arrays.push_back(text_array(column.name, texts.back()));
  }
  const size_t first_number = arrays.size();
  for (const auto& column : table.numbers) arrays.push_back({column.name, {rows}, ElementType::float64});
  Hdf5Writer writer(path, arrays, attributes);
  for (int64_t row = 0; row < rows; ++row) {
    const auto index = static_cast<size_t>(row);
    write_text(writer, 0, arrays[0].text_width, row, ids[index]);
    writer.write_row(1, row, table.predictions.data() + row * columns);
    if (truths > 0) writer.write_row(2, row, table.truth.data() + row * truths);
    for (size_t t = 0; t < texts.size(); ++t) {
      write_text(writer, first_text + t, arrays[first_text + t].text_width, row, texts[t][index]);
    }
    for (size_t c = 0; c < table.numbers.size(); ++c) writer.write_row(first_number + c, row, &table.numbers[c].values[index]);
  }
  writer.finish();
}

}  // namespace hpcai::data
