#include "hpcai/data/embedding_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "hpcai/core/version.h"
#include "hpcai/data/hdf5/text_rows.h"
#include "hpcai/data/predictions.h"

namespace hpcai::data {
namespace {

void check_rows(const EmbeddingTable& table) {
  const auto rows = static_cast<int64_t>(table.ids.size());
  const auto holds = [&](const auto& values, int64_t columns) { return static_cast<int64_t>(values.size()) == rows * columns; };
  const auto optional = [&](const auto& values) { return values.empty() || holds(values, 1); };
  if (rows == 0 || !holds(table.surveys, 1) || !optional(table.labels) || !optional(table.predicted) ||
      !holds(table.feature_values, table.features) ||
      !holds(table.coordinates, static_cast<int64_t>(table.coordinate_names.size())) ||
      !holds(table.neighbour_rows, table.neighbours) || !holds(table.neighbour_distances, table.neighbours)) {
    throw std::invalid_argument("EmbeddingTable: values and columns do not agree");
  }
}

// The arrays of a file and how a row of each is written.
class EmbeddingFile {
 public:
  void add_texts(const std::string& name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    const std::vector<std::string> written = in_utf8(texts);
    const NewArray array = text_array(name, written);
    add(array, [written, width = array.text_width](Hdf5Writer& writer, size_t at, int64_t row) {
      write_text(writer, at, width, row, written[static_cast<size_t>(row)]);
    });
  }

  template <class Number>
  void add_numbers(const std::string& name, const std::vector<Number>& values, int64_t columns, int64_t rows, ElementType type) {
    if (columns == 0) return;
    add({name, {rows, columns}, type}, [&values, columns](Hdf5Writer& writer, size_t at, int64_t row) {
      writer.write_row(at, row, values.data() + row * columns);
    });
  }

  void write(const std::filesystem::path& path, int64_t rows, const std::vector<NamedAttribute>& attributes) const {
    Hdf5Writer writer(path, arrays_, attributes);
    for (int64_t row = 0; row < rows; ++row) {
      for (size_t at = 0; at < arrays_.size(); ++at) writers_[at](writer, at, row);
    }
    writer.finish();
  }

 private:
  using WriteRow = std::function<void(Hdf5Writer&, size_t at, int64_t row)>;

  void add(const NewArray& array, WriteRow write) {
    arrays_.push_back(array);
    writers_.push_back(std::move(write));
  }

  std::vector<NewArray> arrays_;
  std::vector<WriteRow> writers_;
};

}  // namespace

bool EmbeddingTable::has_several_surveys() const {
  return std::ranges::any_of(surveys, [&](const std::string& survey) { return survey != surveys.front(); });
}

std::string EmbeddingTable::name_of(int64_t row) const {
  const auto at = static_cast<size_t>(row);
  return has_several_surveys() ? fmt::format("{}/{}", surveys[at], ids[at]) : ids[at];
}

std::string embedding_csv(const EmbeddingTable& table) {
  check_rows(table);
  PredictionTable csv;
  csv.ids = table.ids;
  csv.columns = table.coordinate_names;
  for (int64_t k = 1; k <= table.neighbours; ++k) csv.columns.push_back(fmt::format("distance_{}", k));
  const size_t coordinates = table.coordinate_names.size(), neighbours = static_cast<size_t>(table.neighbours);
  for (size_t row = 0; row < table.ids.size(); ++row) {
    const auto append = [&](const std::vector<double>& values, size_t columns) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * columns);
      csv.predictions.insert(csv.predictions.end(), first, first + static_cast<std::ptrdiff_t>(columns));
    };
    append(table.coordinates, coordinates);
    append(table.neighbour_distances, neighbours);
  }
  if (!table.labels.empty()) csv.texts.push_back({"label", table.labels});
  if (!table.predicted.empty()) csv.texts.push_back({"predicted", table.predicted});
  csv.texts.push_back({"survey", table.surveys});
  const bool several = table.has_several_surveys();
  for (size_t k = 0; k < neighbours; ++k) {
    std::vector<std::string> names;
    for (size_t row = 0; row < table.ids.size(); ++row) {
      const auto other = static_cast<size_t>(table.neighbour_rows[row * neighbours + k]);
      names.push_back(several ? fmt::format("{}/{}", table.surveys[other], table.ids[other]) : table.ids[other]);
    }
    csv.texts.push_back({fmt::format("neighbour_{}", k + 1), std::move(names)});
  }
  return predictions_csv(csv);
}

void write_embedding_hdf5(const std::filesystem::path& path, const EmbeddingTable& table) {
  check_rows(table);
  const auto rows = static_cast<int64_t>(table.ids.size());
  EmbeddingFile file;
  file.add_texts("ids", table.ids);
  file.add_texts("survey", table.surveys);
  file.add_texts("label", table.labels);
  file.add_texts("predicted", table.predicted);
  file.add_numbers("features", table.feature_values, table.features, rows, ElementType::float32);
  file.add_numbers("coordinates", table.coordinates, static_cast<int64_t>(table.coordinate_names.size()), rows,
                   ElementType::float64);
  file.add_numbers("neighbours", table.neighbour_rows, table.neighbours, rows, ElementType::other_integer);
  file.add_numbers("neighbour_distances", table.neighbour_distances, table.neighbours, rows, ElementType::float64);
  std::vector<NamedAttribute> attributes = {{"generator", "hpcai-train embed"}, {"version", std::string(kVersion)}};
  if (!table.coordinate_names.empty()) attributes.push_back({"coordinate_names", table.coordinate_names});
  file.write(path, rows, attributes);
}

}  // namespace hpcai::data
