#include "hpcai/data/sources/table.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/row_filter.h"
#include "hpcai/data/tables/table_inputs.h"
#include "hpcai/data/tables/table_truth.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

// Rows of a table, encoded.
class TableRows : public Dataset {
 public:
  // `rows` of `csv`; `ids` and `truth` are of all rows of it.
  TableRows(const SampleSpec& spec, const Csv& csv, const TableInputs& inputs, const std::vector<int64_t>& rows,
            const std::vector<std::string>& ids, const at::Tensor& truth)
      : Dataset(spec), file_(csv.name()) {
    const TableEncoder encoder(csv, inputs);
    const int64_t width = input_size();
    values_.resize(rows.size() * static_cast<size_t>(width));
    float* out = values_.data();
    for (const int64_t row : rows) {
      encoder.encode(row, out);
      out += width;
      ids_.push_back(ids[static_cast<size_t>(row)]);
      lines_.push_back(csv.line(row));
    }
    truth_ = truth.index_select(0, at::tensor(rows, at::kLong));
  }

  int64_t size() const override { return static_cast<int64_t>(lines_.size()); }
  std::string id(int64_t index) const override { return ids_[static_cast<size_t>(index)]; }
  std::string where(int64_t index) const override { return fmt::format("{}:{}", file_, lines_[static_cast<size_t>(index)]); }
  void read(int64_t index, const Draw*, float* out) const override {
    std::copy_n(values_.data() + index * input_size(), input_size(), out);
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    return truth_.index_select(0, at::tensor(at::ArrayRef<int64_t>(index.data(), index.size()), at::kLong));
  }
  void hash_content(int64_t index, Sha256& hash) const override {
    hash.update(values_.data() + index * input_size(), static_cast<size_t>(input_size()) * sizeof(float));
  }

 private:
  std::string file_;
  std::vector<float> values_;  // [row, input]
  std::vector<std::string> ids_;
  std::vector<int64_t> lines_;
  at::Tensor truth_;
};

std::vector<std::string> wanted_columns(const TableConfig& config) {
  std::vector<std::string> wanted;
  for (const auto* names : {&config.inputs, &config.categories, &config.targets, &config.labels}) {
    wanted.insert(wanted.end(), names->begin(), names->end());
  }
  for (const auto* name : {&config.label, &config.id_column, &config.group, &config.split_column}) {
    if (!name->empty()) wanted.push_back(*name);
  }
  return wanted;
}

Csv open_csv_table(const fs::path& file, const TableConfig& config, bool filtered) {
  std::vector<std::string> wanted = wanted_columns(config);
  std::optional<RowFilter> filter;
  if (filtered && !config.filter.empty()) {
    filter.emplace(config.filter, "data.filter");
    for (const std::string& column : filter->columns()) wanted.push_back(column);
  }
  Csv csv(file, wanted);
  if (csv.rows() == 0) {
    throw Error(ExitCode::bad_data, csv.name() + ": a header but no rows", "Write one sample into each line below the header.");
  }
  if (filter) apply_filter(csv, *filter, "data.filter");
  return csv;
}

// The names of all rows; their lines where no column names them, as in new data that lack that column.
std::vector<std::string> ids_of(const Csv& csv, const TableConfig& config, bool column_optional) {
  std::vector<std::string> ids;
  const bool by_line = config.id_column.empty() || (column_optional && !csv.has_column(config.id_column));
  const size_t column = by_line ? 0 : csv.column(config.id_column);
  std::unordered_map<std::string, int64_t> row_of;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    std::string id = by_line ? std::to_string(csv.line(row)) : std::string(trim_cell(csv.cell(row, column)));
    if (id.empty()) {
      throw Error(ExitCode::bad_data, fmt::format("{}: no id in column {}", csv.where(row), printable(config.id_column)),
                  "Give the id, or leave data.id_column out.");
    }
    const auto [other, is_new] = row_of.emplace(id, row);
    if (!is_new) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: id {} is already in {}", csv.where(row), printable(id, 60), csv.where(other->second)),
                  "Remove one of the rows. If rows belong together, name the column in data.group instead of data.id_column.");
    }
    ids.push_back(std::move(id));
  }
  return ids;
}

std::vector<std::string> groups_of(const Csv& csv, const TableConfig& config) {
  std::vector<std::string> groups;
  const size_t column = csv.column(config.group);
  for (int64_t row = 0; row < csv.rows(); ++row) {
    groups.emplace_back(trim_cell(csv.cell(row, column)));
    if (!is_missing(groups.back())) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: no group in column {}", csv.where(row), printable(config.group)),
                "Give the group, or remove the row.");
  }
  return groups;
}

// A file with the split of each row.
struct DividedTable {
  Csv csv;
  std::vector<std::string> ids;
  std::vector<Split> splits;

  std::vector<int64_t> rows(Split split) const {
    std::vector<int64_t> chosen;
    for (size_t row = 0; row < splits.size(); ++row) {
      if (splits[row] == split) chosen.push_back(static_cast<int64_t>(row));
    }
    return chosen;
  }
};

// Fractions of what no file of its own supplies.
FractionConfig fractions_of(const TableConfig& config) {
  FractionConfig fractions = config;
  if (!config.validation_file.empty()) fractions.validation_fraction = 0;
  if (!config.test_file.empty()) fractions.test_fraction = 0;
  return fractions;
}

// The rows of data.file. `other`: the file need not tell splits; then all rows are of `wanted`.
DividedTable divide(const TableConfig& config, bool other, Split wanted) {
  DividedTable table{open_csv_table(config.file, config, !other), {}, {}};
  const Csv& csv = table.csv;
  table.ids = ids_of(csv, config, other);
  const bool by_column = !config.split_column.empty() && (!other || csv.has_column(config.split_column));
  table.splits.assign(static_cast<size_t>(csv.rows()), other && !by_column ? wanted : Split::train);
  if (other && !by_column) return table;
  if (by_column) {
    const size_t column = csv.column(config.split_column);
    for (int64_t row = 0; row < csv.rows(); ++row) {
      table.splits[static_cast<size_t>(row)] = split_named_in(csv.cell(row, column), csv.where(row));
    }
  }
  set_rows_aside(table.splits, config.group.empty() ? table.ids : groups_of(csv, config), fractions_of(config));
  return table;
}

// All rows of a file are of one split.
DividedTable whole_file(const fs::path& file, const TableConfig& config, Split split, bool filtered, bool other) {
  DividedTable table{open_csv_table(file, config, filtered), {}, {}};
  table.ids = ids_of(table.csv, config, other);
  table.splits.assign(static_cast<size_t>(table.csv.rows()), split);
  return table;
}

void add_groups(GroupSplits& known, const DividedTable& table, const TableConfig& config) {
  if (config.group.empty()) return;
  const std::vector<std::string> groups = groups_of(table.csv, config);
  for (size_t row = 0; row < groups.size(); ++row) {
    known.add(groups[row], table.splits[row], table.csv.where(static_cast<int64_t>(row)));
  }
}

std::vector<std::string> class_names_in(const Csv& csv, const TableConfig& config) {
  if (config.label.empty()) return {};
  check_stated_class_names(config.classes);
  std::vector<std::string> names =
      config.classes.empty() ? class_names_of(csv, csv.column(config.label), "data.label") : config.classes;
  check_class_count(config.class_count, names);
  return names;
}

void describe_inputs(const TableInputs& inputs, SampleSpec& spec) {
  spec.input_names = inputs.names();
  spec.input_shape = {static_cast<int64_t>(spec.input_names.size())};
  spec.input_fill = inputs.fill;
}

std::unique_ptr<Dataset> rows_of(const DividedTable& table, Split split, const TableConfig& config, const SampleSpec& spec,
                                 const TableInputs& inputs, bool truth_optional) {
  const std::vector<int64_t> rows = table.rows(split);
  if (rows.empty()) return nullptr;
  return std::make_unique<TableRows>(spec, table.csv, inputs, rows, table.ids,
                                     read_truth(table.csv, config, spec, truth_optional));
}

const std::string& own_file(const TableConfig& config, Split split) {
  static const std::string none;
  return split == Split::validation ? config.validation_file : split == Split::test ? config.test_file : none;
}

}  // namespace

std::optional<SampleSpec> source_spec(const TableConfig& config) {
  SampleSpec spec;
  describe_truth(config, config.stated_names(), spec);
  const bool inputs_known = !config.inputs.empty() && config.categories.empty() && config.missing == MissingInput::error;
  if (!inputs_known || (spec.class_names.empty() && spec.target_names.empty())) return std::nullopt;
  describe_inputs({config.inputs, {}, {}}, spec);
  return spec;
}

Splits open_source(const TableConfig& config, const OpenOptions&) {
  SampleSpec spec;
  describe_truth(config, {}, spec);
  const DividedTable main = divide(config, /*other=*/false, Split::train);
  GroupSplits groups;
  add_groups(groups, main, config);
  const std::vector<int64_t> training = main.rows(Split::train);
  if (training.empty()) {
    throw Error(ExitCode::bad_data, main.csv.name() + ": no row is left for training",
                "Mark rows with split train, or lower data.validation_fraction and data.test_fraction.");
  }
  describe_truth(config, class_names_in(main.csv, config), spec);
  const TableInputs inputs = learn_inputs(main.csv, training, config);
  describe_inputs(inputs, spec);
  Splits splits;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const std::string& file = own_file(config, split);
    if (file.empty()) {
      splits.of(split) = rows_of(main, split, config, spec, inputs, false);
    } else {
      const DividedTable own = whole_file(file, config, split, /*filtered=*/true, /*other=*/false);
      add_groups(groups, own, config);
      splits.of(split) = rows_of(own, split, config, spec, inputs, false);
    }
  }
  if (!splits.validation && config.validation_fraction > 0) {
    log::shared_warning("{}: no row has become a validation row; data.validation_fraction {} of few {} may be none",
                        main.csv.name(), config.validation_fraction, config.group.empty() ? "rows" : "groups");
  }
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const TableConfig& config, Split split, const NetworkUse& use) {
  check_trained_classes(config.classes, use.spec.class_names);
  const TableInputs inputs = trained_inputs(use.spec, config);
  const std::string& file = own_file(config, split);
  const DividedTable table =
      file.empty() ? divide(config, use.other_data, split) : whole_file(file, config, split, !use.other_data, use.other_data);
  return rows_of(table, split, config, use.spec, inputs, use.labels_optional);
}

std::unique_ptr<Dataset> open_source_input(const TableConfig& config, const std::filesystem::path& input, const NetworkUse& use) {
  const TableInputs inputs = trained_inputs(use.spec, config);
  const DividedTable table = whole_file(input, config, Split::test, /*filtered=*/false, /*other=*/true);
  return rows_of(table, Split::test, config, use.spec, inputs, use.labels_optional);
}

}  // namespace hpcai::data
