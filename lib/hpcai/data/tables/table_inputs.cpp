#include "hpcai/data/tables/table_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/numeric_cell.h"

namespace hpcai::data {
namespace {

constexpr size_t kMostLevels = 1000;  // of a category

std::string cell_place(const Csv& csv, int64_t row, size_t column) {
  return fmt::format("{}, column {}", csv.where(row), printable(csv.columns()[column], 60));
}

std::optional<double> number_or_truth(std::string_view cell) {
  if (const auto number = number_of_cell(cell)) return number;
  const std::string word = lower_case(trim_cell(cell));
  if (word == "true") return 1;
  if (word == "false") return 0;
  return std::nullopt;
}

// An index that pandas has written.
bool has_no_name(const std::string& column) { return column.empty() || column.starts_with("Unnamed: "); }

std::string level_name(const std::string& column, const std::string& level) { return column + "=" + level; }

// The first row whose cell is no number; nothing if all are, or none has a value.
struct NumberScan {
  std::optional<int64_t> text_row;
  bool has_value = false;
};
NumberScan scan_numbers(const Csv& csv, size_t column) {
  NumberScan scan;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const auto number = number_or_truth(csv.cell(row, column));
    if (!number) {
      scan.text_row = row;
      return scan;
    }
    scan.has_value = scan.has_value || !std::isnan(*number);
  }
  return scan;
}

std::vector<std::string> truth_columns(const TableConfig& config) {
  std::vector<std::string> names = config.targets;
  names.insert(names.end(), config.labels.begin(), config.labels.end());
  if (!config.label.empty()) names.push_back(config.label);
  return names;
}

// Every column that is no input by itself.
std::set<size_t> other_columns(const Csv& csv, const TableConfig& config) {
  std::vector<std::string> names = truth_columns(config);
  for (const std::string* name : {&config.id_column, &config.group, &config.split_column}) {
    if (!name->empty()) names.push_back(*name);
  }
  names.insert(names.end(), config.categories.begin(), config.categories.end());
  std::set<size_t> columns;
  for (const std::string& name : names) columns.insert(csv.column(name));
  return columns;
}

std::vector<std::string> all_number_columns(const Csv& csv, const TableConfig& config) {
  const std::set<size_t> others = other_columns(csv, config);
  std::vector<std::string> chosen, left_out;
  for (size_t column = 0; column < csv.columns().size(); ++column) {
    const std::string& name = csv.columns()[column];
    if (others.contains(column) || has_no_name(name)) continue;
    const NumberScan scan = scan_numbers(csv, column);
    if (!scan.text_row && scan.has_value) {
      csv.column(name);  // refuses two of this name
      chosen.push_back(name);
    } else if (scan.text_row) {
      left_out.push_back(fmt::format("{} (line {}: '{}')", printable(name, 40), csv.line(*scan.text_row),
                                     printable(csv.cell(*scan.text_row, column), 20)));
    } else {
      left_out.push_back(printable(name, 40) + " (no value)");
    }
  }
  constexpr size_t kMostShown = 10;
  if (!left_out.empty()) {
    const size_t more = left_out.size() - std::min(left_out.size(), kMostShown);
    left_out.resize(left_out.size() - more);
    log::shared_warning("{}: columns that are not numbers are no inputs: {}{}; data.categories makes inputs of words", csv.name(),
                        fmt::join(left_out, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
  }
  return chosen;
}

void refuse_twice_or_truth(const Csv& csv, const TableConfig& config) {
  std::set<size_t> truth, seen;
  for (const std::string& name : truth_columns(config)) truth.insert(csv.column(name));
  for (const auto* names : {&config.inputs, &config.categories}) {
    const bool is_category = names == &config.categories;
    for (const std::string& name : *names) {
      const size_t column = csv.column(name);
      const std::string key = is_category ? "data.categories" : "data.inputs";
      if (truth.contains(column)) {
        throw Error(ExitCode::usage, fmt::format("{}: column {} is also what the network shall learn", key, printable(name, 60)),
                    "Remove it from the inputs; otherwise there is nothing to learn.");
      }
      if (!seen.insert(column).second) {
        throw Error(ExitCode::usage, fmt::format("{}: column {} is named twice", key, printable(name, 60)), "Name it once.");
      }
    }
  }
}

std::vector<std::string> levels_of(const Csv& csv, const std::vector<int64_t>& rows, size_t column, MissingInput missing) {
  std::set<std::string> levels;
  for (const int64_t row : rows) {
    const std::string_view cell = trim_cell(csv.cell(row, column));
    if (is_missing(cell)) {
      if (missing == MissingInput::mean) continue;
      throw Error(ExitCode::bad_data, cell_place(csv, row, column) + ": no value",
                  "Give the value, remove the row, or set data.missing to mean.");
    }
    levels.emplace(cell);
    if (levels.size() > kMostLevels) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: column {} has more than {} different values, too many for a category", csv.name(),
                              printable(csv.columns()[column], 60), kMostLevels),
                  "Remove it from data.categories; does it name the rows (data.id_column)?");
    }
  }
  if (levels.empty()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: column {} has no value in any training row", csv.name(), printable(csv.columns()[column], 60)),
                "Remove it from data.categories.");
  }
  return {levels.begin(), levels.end()};
}

double mean_of(const Csv& csv, const std::vector<int64_t>& rows, size_t column) {
  double sum = 0, count = 0;
  for (const int64_t row : rows) {
    const double value = number_at(csv, row, column);
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  if (count > 0) return sum / count;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: column {} has no value in any training row", csv.name(), printable(csv.columns()[column], 60)),
              "Remove it from data.inputs.");
}

// A checkpoint keeps the names, as UTF-8, and finds by them which inputs are numbers.
void check_names(const Csv& csv, const TableInputs& inputs) {
  for (const std::string& name : inputs.names()) {
    if (!find_invalid_utf8(name)) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: the name of the input {} is not UTF-8", csv.name(), printable(name, 60)),
                "Save the file as UTF-8.");
  }
  for (const auto& category : inputs.categories) {
    std::vector<std::string> columns = inputs.numbers;
    for (const auto& other : inputs.categories) columns.push_back(other.column);
    const auto same = std::find_if(columns.begin(), columns.end(),
                                   [&](const std::string& name) { return name.starts_with(level_name(category.column, "")); });
    if (same == columns.end()) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: the column {} has a name as the inputs of the category {} have", csv.name(),
                            printable(*same, 60), printable(category.column, 60)),
                "Rename the column.");
  }
}

}  // namespace

std::vector<std::string> TableInputs::names() const {
  std::vector<std::string> all = numbers;
  for (const Category& category : categories) {
    for (const std::string& level : category.levels) all.push_back(level_name(category.column, level));
  }
  return all;
}

double number_at(const Csv& csv, int64_t row, size_t column) {
  const std::string& cell = csv.cell(row, column);
  const auto number = number_or_truth(cell);
  if (!number) {
    throw Error(ExitCode::bad_data, fmt::format("{}: '{}' is not a number", cell_place(csv, row, column), printable(cell, 40)),
                "Numbers have a decimal point, such as 0.25. A column of words belongs into data.categories or data.label.");
  }
  if (std::isnan(*number) || std::abs(*number) <= std::numeric_limits<float>::max()) return *number;
  throw Error(ExitCode::bad_data, fmt::format("{}: {:g} does not fit into float32", cell_place(csv, row, column), *number),
              "Give the column in another unit.");
}

std::vector<std::string> choose_number_columns(const Csv& csv, const TableConfig& config) {
  refuse_twice_or_truth(csv, config);
  const std::vector<std::string> chosen = config.inputs.empty() ? all_number_columns(csv, config) : config.inputs;
  if (!chosen.empty() || !config.categories.empty()) return chosen;
  throw Error(ExitCode::bad_data, csv.name() + ": no column of numbers is left for the inputs",
              "Name columns in data.inputs or data.categories.");
}

TableInputs learn_inputs(const Csv& csv, const std::vector<int64_t>& training_rows, const TableConfig& config) {
  TableInputs inputs{choose_number_columns(csv, config), {}, {}};
  for (const std::string& name : config.categories) {
    inputs.categories.push_back({name, levels_of(csv, training_rows, csv.column(name), config.missing)});
  }
  check_names(csv, inputs);
  if (config.missing == MissingInput::mean) {
    for (const std::string& name : inputs.numbers) inputs.fill.push_back(mean_of(csv, training_rows, csv.column(name)));
    inputs.fill.resize(inputs.names().size(), 0);
  }
  return inputs;
}

TableInputs trained_inputs(const SampleSpec& spec, const TableConfig& config) {
  TableInputs inputs{{}, {}, spec.input_fill};
  for (const std::string& column : config.categories) inputs.categories.push_back({column, {}});
  for (const std::string& name : spec.input_names) {
    const auto category = std::find_if(inputs.categories.begin(), inputs.categories.end(),
                                       [&](const auto& candidate) { return name.starts_with(level_name(candidate.column, "")); });
    if (category == inputs.categories.end()) {
      inputs.numbers.push_back(name);
    } else {
      category->levels.push_back(name.substr(category->column.size() + 1));
    }
  }
  const bool same_numbers = config.inputs.empty() || config.inputs == inputs.numbers;
  const bool has_levels = std::ranges::none_of(inputs.categories, [](const auto& category) { return category.levels.empty(); });
  if (same_numbers && has_levels && inputs.names() == spec.input_names) return inputs;
  throw Error(ExitCode::usage,
              fmt::format("data.inputs and data.categories are not those that the network was trained with ({})",
                          printable(fmt::format("{}", fmt::join(spec.input_names, ", ")), 200)),
              "Leave them as they were: the network finds its columns by name.");
}

TableEncoder::TableEncoder(const Csv& csv, const TableInputs& inputs) : csv_(csv), inputs_(inputs) {
  for (const std::string& name : inputs.numbers) numbers_.push_back(csv.column(name));
  for (const auto& category : inputs.categories) categories_.push_back(csv.column(category.column));
}

float TableEncoder::number(int64_t row, size_t i) const {
  const double value = number_at(csv_, row, numbers_[i]);
  if (!std::isnan(value)) return static_cast<float>(value);
  if (!inputs_.fill.empty()) return static_cast<float>(inputs_.fill[i]);
  throw Error(ExitCode::bad_data, cell_place(csv_, row, numbers_[i]) + ": no value",
              "Give the value, remove the row, keep it out with data.filter, or train with data.missing: mean.");
}

void TableEncoder::encode(int64_t row, float* out) const {
  for (size_t i = 0; i < numbers_.size(); ++i) *out++ = number(row, i);
  for (size_t i = 0; i < categories_.size(); ++i) {
    const std::vector<std::string>& levels = inputs_.categories[i].levels;
    const std::string_view cell = trim_cell(csv_.cell(row, categories_[i]));
    const auto found = std::lower_bound(levels.begin(), levels.end(), cell);
    const bool is_known = found != levels.end() && *found == cell && !is_missing(cell);
    if (!is_known && inputs_.fill.empty()) {
      throw Error(ExitCode::bad_data,
                  is_missing(cell) ? cell_place(csv_, row, categories_[i]) + ": no value"
                                   : fmt::format("{}: no training row has the value '{}'", cell_place(csv_, row, categories_[i]),
                                                 printable(cell, 40)),
                  "Correct the cell, remove the row, or train with data.missing: mean, which takes it for no value.");
    }
    for (auto level = levels.begin(); level != levels.end(); ++level) *out++ = is_known && level == found ? 1.0F : 0.0F;
  }
}

}  // namespace hpcai::data
