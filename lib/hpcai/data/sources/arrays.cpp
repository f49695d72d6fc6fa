#include "hpcai/data/sources/arrays.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/data/arrays/stored_array.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/wrappers/cached.h"

namespace hpcai::data {
namespace {

using Parts = std::vector<std::shared_ptr<const StoredArray>>;

std::string sides_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

[[noreturn]] void refuse_array(const StoredArray& array, const std::string& why, const std::string& remedy) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", array.where(), why), remedy);
}

// Some rows of arrays that lie side by side.
class ArrayRows : public Dataset {
 public:
  // `truth` is of all rows of the arrays.
  ArrayRows(const SampleSpec& spec, Parts parts, std::vector<int64_t> rows, const at::Tensor& truth)
      : Dataset(spec),
        parts_(std::move(parts)),
        truth_(truth.index_select(0, at::tensor(rows, at::kLong))),
        rows_(std::move(rows)) {}

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  std::string id(int64_t index) const override { return std::to_string(rows_[static_cast<size_t>(index)]); }
  std::string where(int64_t index) const override { return parts_[0]->where(rows_[static_cast<size_t>(index)]); }

  void read(int64_t index, const Draw*, float* out) const override {
    const int64_t row = rows_[static_cast<size_t>(index)];
    for (const auto& part : parts_) {
      part->read_row(row, out);
      for (int64_t i = 0; i < part->row_size(); ++i) {
        if (!std::isfinite(out[i])) refuse_value(*part, row, i);
      }
      out += part->row_size();
    }
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    return truth_.index_select(0, at::tensor(at::ArrayRef<int64_t>(index.data(), index.size()), at::kLong));
  }
  void hash_content(int64_t index, Sha256& hash) const override {
    for (const auto& part : parts_) {
      std::vector<float> stored(static_cast<size_t>(part->row_size()));
      part->read_row(rows_[static_cast<size_t>(index)], stored.data());
      hash.update(stored.data(), stored.size() * sizeof(float));
    }
  }

 private:
  [[noreturn]] static void refuse_value(const StoredArray& part, int64_t row, int64_t at) {
    std::vector<double> exact(static_cast<size_t>(part.row_size()));
    part.read_row(row, exact.data());
    const double value = exact[static_cast<size_t>(at)];
    throw Error(ExitCode::bad_data,
                std::isfinite(value)
                    ? fmt::format("{}: value {} is {:g}, which does not fit into float32", part.where(row), at, value)
                    : fmt::format("{}: value {} is {}, not a finite number", part.where(row), at, value),
                "Replace the value or remove the sample from all arrays.");
  }

  Parts parts_;
  at::Tensor truth_;
  std::vector<int64_t> rows_;
};

// An opened file with all that its samples need.
struct ArraySet {
  Parts parts;
  std::vector<int64_t> input_shape;
  at::Tensor truth;                 // of all rows; see read_truths()
  std::vector<std::string> groups;  // of all rows; their numbers without data.group

  int64_t rows() const { return parts[0]->rows(); }
};

void check_row_count(const StoredArray& array, const StoredArray& first) {
  if (array.rows() == first.rows()) return;
  refuse_array(array, fmt::format("{} rows, but {} has {}", array.rows(), first.where(), first.rows()),
               "The first dimension counts the samples and is the same of all arrays.");
}

Parts open_parts(const ArrayFile& file, const ArraysConfig& config) {
  Parts parts;
  if (file.is_single() && config.inputs.size() > 1) {
    throw Error(ExitCode::bad_data, fmt::format("data.inputs names {} arrays, and the .npy file has one", config.inputs.size()),
                "Give a folder of .npy files, a .npz or an HDF5 file.");
  }
  for (const std::string& name : config.inputs) {
    parts.push_back(file.array(name));
    check_row_count(*parts.back(), *parts.front());
  }
  return parts;
}

// The shape of a sample, [1] of an array [n].
std::vector<int64_t> sample_shape(const std::vector<int64_t>& array, bool add_channel) {
  std::vector<int64_t> shape;
  if (add_channel || array.size() == 1) shape.push_back(1);
  if (add_channel && array.size() == 1) shape.push_back(1);
  for (size_t i = 1; i < array.size(); ++i) shape.push_back(array[i]);
  return shape;
}

std::vector<int64_t> joined_shape(const Parts& parts, const ArraysConfig& config) {
  std::vector<int64_t> joined;
  for (const auto& part : parts) {
    const std::vector<int64_t> shape = sample_shape(part->shape(), config.add_channel);
    if (joined.empty()) {
      joined = shape;
      continue;
    }
    if (shape.size() != joined.size() || !std::equal(shape.begin() + 1, shape.end(), joined.begin() + 1)) {
      refuse_array(*part, fmt::format("samples of shape {} cannot be joined with {}", sides_text(shape), sides_text(joined)),
                   "Arrays of data.inputs may differ in their second dimension only.");
    }
    joined[0] += shape[0];
  }
  return joined;
}

bool learns_classes(const ArraysConfig& config, const StoredArray& labels) {
  return !config.labels.empty() && labels.shape().size() == 1;
}

// What the truth is called, from its array; the classes of a training from their values.
void describe_array_truth(const ArraysConfig& config, const StoredArray& array, const std::vector<double>& values,
                          SampleSpec& spec) {
  const std::string& name = config.labels.empty() ? config.targets : config.labels;
  if (array.shape().size() > 2) {
    refuse_array(array, fmt::format("shape {}, but the truth is [n] or [n, columns]", sides_text(array.shape())),
                 "Give one row of numbers for each sample.");
  }
  if (learns_classes(config, array)) {
    check_stated_class_names(config.classes);
    double largest = 0;
    for (const double value : values) largest = value > largest ? value : largest;  // leaves NaN out, which is refused later
    if (largest >= static_cast<double>(kMostClasses))
      refuse_array(array, fmt::format("class {:g}", largest), "Classes are numbers from 0 on.");
    const auto found = static_cast<int64_t>(largest) + 1;
    spec.class_names = config.stated_names();
    if (spec.class_names.empty()) spec.class_names = numbered_class_names(found);
    return;
  }
  const auto columns = array.row_size();
  spec.target_names = config.target_names;
  if (spec.target_names.empty() && columns == 1) spec.target_names = {name};
  if (spec.target_names.empty()) {
    for (int64_t i = 0; i < columns; ++i) spec.target_names.push_back(fmt::format("{}_{}", name, i));
  }
  if (static_cast<int64_t>(spec.target_names.size()) != columns) {
    refuse_array(array, fmt::format("{} columns, but data.target_names has {}", columns, spec.target_names.size()),
                 "Name each column once, or leave the names out.");
  }
  if (!config.labels.empty()) spec.target_ranges.assign(spec.target_names.size(), {0, 1});
}

at::Tensor checked_classes(const StoredArray& array, const std::vector<double>& values, const SampleSpec& spec) {
  at::Tensor labels = at::full({array.rows()}, kUnlabelled, at::kLong);
  auto* out = labels.mutable_data_ptr<int64_t>();
  const auto classes = static_cast<double>(spec.class_names.size());
  for (size_t row = 0; row < values.size(); ++row) {
    const double value = values[row];
    if (!(value >= 0 && value < classes && value == std::floor(value))) {
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: class {:g} is not a number from 0 to {}", array.where(static_cast<int64_t>(row)), value, classes - 1),
          "Labels are the positions of the classes; data.classes and data.class_count say how many there are.");
    }
    out[row] = static_cast<int64_t>(value);
  }
  return labels;
}

at::Tensor checked_numbers(const StoredArray& array, const std::vector<double>& values, bool are_labels) {
  std::vector<float> converted;
  for (size_t i = 0; i < values.size(); ++i) {
    converted.push_back(static_cast<float>(values[i]));
    const auto place = [&] { return array.where(static_cast<int64_t>(i) / array.row_size()); };
    if (!std::isfinite(converted.back())) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} is not a finite number of float32", place(), values[i]),
                  "Give the value, or remove the sample from all arrays; predict needs none.");
    }
    if (are_labels && values[i] != 0 && values[i] != 1) {
      throw Error(ExitCode::bad_data, fmt::format("{}: label {:g} is neither 0 nor 1", place(), values[i]),
                  "Labels [n, labels] say whether a sample has each label; numbers to learn belong into data.targets.");
    }
  }
  return at::tensor(converted).reshape({array.rows(), array.row_size()});
}

// The truth of all rows; where it is optional and absent, unknown. `spec`: what is expected of it, or, of a training, is filled
// in.
at::Tensor read_truths(const ArrayFile& file, const ArraysConfig& config, const StoredArray& first, SampleSpec& spec,
                       bool of_training, bool optional) {
  const std::string& name = config.labels.empty() ? config.targets : config.labels;
  if (optional && (file.is_single() || !file.has(name))) {
    if (!spec.class_names.empty()) return at::full({first.rows()}, kUnlabelled, at::kLong);
    return at::full({first.rows(), static_cast<int64_t>(spec.target_names.size())}, std::numeric_limits<float>::quiet_NaN(),
                    at::kFloat);
  }
  if (file.is_single()) {
    throw Error(ExitCode::bad_data, first.where() + " is one array, without a truth",
                "Give a folder of .npy files, a .npz or an HDF5 file that also has the targets or labels; predict needs none.");
  }
  const auto array = file.array(name);
  check_row_count(*array, first);
  const std::vector<double> values = array->read_all();
  SampleSpec own;
  describe_array_truth(config, *array, values, of_training ? spec : own);
  if (!spec.class_names.empty()) {
    if (array->row_size() != 1) {
      refuse_array(*array, fmt::format("shape {}, but class numbers are [n]", sides_text(array->shape())),
                   "Give the class number of each sample, as in the training.");
    }
    return checked_classes(*array, values, spec);
  }
  if (!of_training && own.target_names.size() != spec.target_names.size()) {
    refuse_array(
        *array, fmt::format("{} targets, but the network was trained with {}", own.target_names.size(), spec.target_names.size()),
        "Give the targets of the training.");
  }
  return checked_numbers(*array, values, !config.labels.empty());
}

std::vector<std::string> read_groups(const ArrayFile& file, const ArraysConfig& config, const StoredArray& first) {
  std::vector<std::string> groups;
  if (config.group.empty()) {
    for (int64_t row = 0; row < first.rows(); ++row) groups.push_back(std::to_string(row));
    return groups;
  }
  const auto array = file.array(config.group);
  check_row_count(*array, first);
  if (array->row_size() != 1) refuse_array(*array, "more than one number a row", "data.group names an array [n].");
  for (const double value : array->read_all()) groups.push_back(fmt::format("{}", value));
  return groups;
}

// `spec`: see read_truths(). Groups are not needed of a file that is one split of a trained network's data.
ArraySet open_set(const std::string& path, const ArraysConfig& config, SampleSpec& spec, bool of_training, bool optional,
                  bool with_groups) {
  const auto file = ArrayFile::open(path);
  ArraySet set;
  set.parts = open_parts(*file, config);
  set.input_shape = joined_shape(set.parts, config);
  if (of_training) spec.input_shape = set.input_shape;
  set.truth = read_truths(*file, config, *set.parts[0], spec, of_training, optional);
  if (with_groups) set.groups = read_groups(*file, config, *set.parts[0]);
  return set;
}

const std::string& split_file(const ArraysConfig& config, Split split) {
  static const std::string none;
  return split == Split::validation ? config.validation_file : split == Split::test ? config.test_file : none;
}

std::vector<Split> divide_rows(const ArraySet& set, const ArraysConfig& config) {
  std::vector<Split> splits(set.groups.size(), Split::train);
  FractionConfig fractions = config;
  if (!config.validation_file.empty()) fractions.validation_fraction = 0;
  if (!config.test_file.empty()) fractions.test_fraction = 0;
  set_rows_aside(splits, set.groups, fractions);
  return splits;
}

void remember_groups(GroupSplits& known, const ArraySet& set, const std::vector<Split>& splits, const ArraysConfig& config) {
  if (config.group.empty()) return;
  for (size_t row = 0; row < set.groups.size(); ++row) {
    known.add(set.groups[row], splits[row], set.parts[0]->where(static_cast<int64_t>(row)));
  }
}

std::unique_ptr<Dataset> rows_of_set(const ArraySet& set, const std::vector<Split>& splits, Split split, SampleSpec spec,
                                     const ArraysConfig& config) {
  std::vector<int64_t> rows;
  for (size_t row = 0; row < splits.size(); ++row) {
    if (splits[row] == split) rows.push_back(static_cast<int64_t>(row));
  }
  if (rows.empty()) return nullptr;
  spec.input_shape = set.input_shape;
  return cached(std::make_unique<ArrayRows>(spec, set.parts, std::move(rows), set.truth), config.cache_mb);
}

std::vector<Split> all_of(const ArraySet& set, Split split) { return std::vector<Split>(static_cast<size_t>(set.rows()), split); }

}  // namespace

std::optional<SampleSpec> source_spec(const ArraysConfig& config) {
  if (config.targets.empty() != config.labels.empty() && !config.inputs.empty()) return std::nullopt;
  throw Error(ExitCode::usage,
              config.inputs.empty() ? "data.inputs names no array" : "data: exactly one of targets and labels must be given",
              "Name the arrays of the inputs, and those of targets for a regression or of labels for a classification.");
}

Splits open_source(const ArraysConfig& config, const OpenOptions&) {
  source_spec(config);
  SampleSpec spec;
  const ArraySet main = open_set(config.file, config, spec, /*of_training=*/true, /*optional=*/false, /*with_groups=*/true);
  if (!spec.class_names.empty()) check_class_count(config.class_count, spec.class_names);
  const std::vector<Split> divided = divide_rows(main, config);
  GroupSplits groups;
  remember_groups(groups, main, divided, config);
  Splits splits;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const std::string& file = split_file(config, split);
    if (file.empty()) {
      splits.of(split) = rows_of_set(main, divided, split, spec, config);
    } else {
      const ArraySet own = open_set(file, config, spec, false, false, !config.group.empty());
      remember_groups(groups, own, all_of(own, split), config);
      splits.of(split) = rows_of_set(own, all_of(own, split), split, spec, config);
    }
  }
  if (!splits.train) {
    throw Error(ExitCode::bad_data, main.parts[0]->where() + ": no row is left for training",
                "Lower data.validation_fraction and data.test_fraction.");
  }
  if (!splits.validation && config.validation_fraction > 0) {
    log::shared_warning("{}: no row has become a validation row", main.parts[0]->where());
  }
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const ArraysConfig& config, Split split, const NetworkUse& use) {
  source_spec(config);
  check_trained_classes(config.classes, use.spec.class_names);
  SampleSpec spec = use.spec;
  const std::string& own = split_file(config, split);
  const bool whole = !own.empty() || use.other_data;
  const ArraySet set = open_set(own.empty() ? config.file : own, config, spec, false, use.labels_optional, !whole);
  return rows_of_set(set, whole ? all_of(set, split) : divide_rows(set, config), split, spec, config);
}

std::unique_ptr<Dataset> open_source_input(const ArraysConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  SampleSpec spec = use.spec;
  const ArraySet set = open_set(input.string(), config, spec, false, use.labels_optional, false);
  return rows_of_set(set, all_of(set, Split::test), Split::test, spec, config);
}

}  // namespace hpcai::data
