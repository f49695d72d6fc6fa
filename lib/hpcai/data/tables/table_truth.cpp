#include "hpcai/data/tables/table_truth.h"

#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/table_inputs.h"

namespace hpcai::data {
namespace {

constexpr const char* kTruthRemedy = "Give the value or remove the row; predict needs none.";

std::string truth_place(const Csv& csv, int64_t row, size_t column) {
  return fmt::format("{}, column {}", csv.where(row), printable(csv.columns()[column], 60));
}

at::Tensor read_classes(const Csv& csv, const TableConfig& config, const SampleSpec& spec, bool optional) {
  at::Tensor labels = at::full({csv.rows()}, kUnlabelled, at::kLong);
  if (optional && !csv.has_column(config.label)) return labels;
  const size_t column = csv.column(config.label);
  const ClassLabels classes(spec.class_names, config.classes.empty() ? "the classes of the training" : "data.classes");
  auto* out = labels.mutable_data_ptr<int64_t>();
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const std::string& cell = csv.cell(row, column);
    out[row] = classes.find(cell).value_or(kUnlabelled);
    if (out[row] == kUnlabelled && !optional) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {}", csv.where(row), classes.why_unknown(cell)), kTruthRemedy);
    }
  }
  return labels;
}

// Of one column, into column `target` of `values` [rows, targets].
void read_numbers(const Csv& csv, size_t column, bool is_label, bool optional, int64_t target, at::Tensor& values) {
  const int64_t targets = values.size(1);
  auto* out = values.mutable_data_ptr<float>() + target;
  for (int64_t row = 0; row < csv.rows(); ++row, out += targets) {
    const double value = number_at(csv, row, column);
    if (std::isnan(value) && !optional) {
      throw Error(ExitCode::bad_data, truth_place(csv, row, column) + ": no value to learn", kTruthRemedy);
    }
    if (is_label && !std::isnan(value) && value != 0 && value != 1) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {:g} is neither 0 nor 1", truth_place(csv, row, column), value),
                  "A column of data.labels says whether a row has the label; numbers to learn belong into data.targets.");
    }
    *out = static_cast<float>(value);
  }
}

}  // namespace

void describe_truth(const TableConfig& config, const std::vector<std::string>& class_names, SampleSpec& spec) {
  const int given = (config.targets.empty() ? 0 : 1) + (config.label.empty() ? 0 : 1) + (config.labels.empty() ? 0 : 1);
  if (given != 1) {
    throw Error(
        ExitCode::usage,
        given == 0 ? "data: none of targets, label and labels is given" : "data: more than one of targets, label and labels",
        "Give targets for a regression, label for a classification, or labels for several labels a row.");
  }
  const std::vector<std::string>& names = config.labels.empty() ? config.targets : config.labels;
  if (std::set<std::string>(names.begin(), names.end()).size() < names.size()) {
    throw Error(ExitCode::usage, "data: targets or labels name a column twice", "Name each column once.");
  }
  spec.target_names = names;
  if (!config.label.empty()) spec.class_names = class_names;
  if (!config.labels.empty()) spec.target_ranges.assign(names.size(), {0, 1});
}

at::Tensor read_truth(const Csv& csv, const TableConfig& config, const SampleSpec& spec, bool optional) {
  if (!config.label.empty()) return read_classes(csv, config, spec, optional);
  const auto targets = static_cast<int64_t>(spec.target_names.size());
  at::Tensor values = at::full({csv.rows(), targets}, kUnknownTarget, at::kFloat);
  for (int64_t target = 0; target < targets; ++target) {
    const std::string& name = spec.target_names[static_cast<size_t>(target)];
    if (optional && !csv.has_column(name)) continue;
    read_numbers(csv, csv.column(name), !config.labels.empty(), optional, target, values);
  }
  return values;
}

}  // namespace hpcai::data
