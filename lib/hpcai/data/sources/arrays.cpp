#include "hpcai/data/sources/arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/data/arrays/sequences.h"
#include "hpcai/data/arrays/stored_array.h"
#include "hpcai/data/sources/array_rows.h"
#include "hpcai/data/sources/array_truth.h"
#include "hpcai/data/wrappers/cached.h"

namespace hpcai::data {
namespace {

std::string sides_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

[[noreturn]] void refuse_array(const StoredArray& array, const std::string& why, const std::string& remedy) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", array.where(), why), remedy);
}

// An opened file with all that its samples need: the arrays of its inputs, or its sequences.
struct ArraySet {
  ArrayParts parts;
  std::optional<SequenceParts> sequences;
  std::vector<int64_t> input_shape;
  at::Tensor truth;                 // of all rows; see read_truths()
  std::vector<std::string> groups;  // of all rows; their numbers without data.group

  const StoredArray& first() const { return sequences ? *sequences->counted : *parts[0]; }
  int64_t rows() const { return first().rows(); }
};

// Whether the samples are sequences [time, features].
bool are_sequences(const ArraysConfig& config) { return !config.lengths.empty() || config.each_step; }

void check_row_count(const StoredArray& array, const StoredArray& first) {
  if (array.rows() == first.rows()) return;
  refuse_array(array, fmt::format("{} rows, but {} has {}", array.rows(), first.where(), first.rows()),
               "The first dimension counts the samples and is the same of all arrays.");
}

ArrayParts open_parts(const ArrayFile& file, const ArraysConfig& config) {
  ArrayParts parts;
  if (file.is_single() && config.inputs.size() > 1) {
    throw Error(ExitCode::bad_data, fmt::format("data.inputs names {} arrays, and the .npy file has one", config.inputs.size()),
                "Give a folder of .npy files, a .npz or an HDF5 file.");
  }
  for (const std::string& name : config.inputs) {
    parts.push_back(file.array(name));
    if (!are_sequences(config)) check_row_count(*parts.back(), *parts.front());
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

std::vector<int64_t> joined_shape(const ArrayParts& parts, const ArraysConfig& config) {
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

SequenceParts open_sequences(const ArrayFile& file, const ArraysConfig& config) {
  if (config.add_channel) {
    throw Error(ExitCode::usage, "data.add_channel is for images and series, but the samples are sequences [time, features]",
                "Leave it out; [n, time] counts as [n, time, 1].");
  }
  SequenceParts parts;
  const ArrayParts arrays = open_parts(file, config);
  if (config.lengths.empty()) {
    parts.counted = arrays[0];
    if (arrays[0]->shape().size() < 2) {
      refuse_array(*arrays[0], "one number a row, but the samples are sequences", "Give [n, time, features], or data.lengths.");
    }
    parts.lengths = std::make_shared<SequenceLengths>(arrays[0]->rows(), arrays[0]->shape()[1]);
  } else {
    parts.counted = file.array(config.lengths);
    parts.lengths = std::make_shared<SequenceLengths>(*parts.counted);
  }
  for (const auto& array : arrays) parts.inputs.emplace_back(array, parts.lengths);
  return parts;
}

// The steps of the longest sequence of all files of a training.
int64_t longest_sequence(const ArraysConfig& config) {
  int64_t longest = 0;
  for (const std::string& path : {config.file, config.validation_file, config.test_file}) {
    if (path.empty()) continue;
    const auto file = ArrayFile::open(path);
    longest = std::max(longest, open_sequences(*file, config).lengths->longest());
  }
  return longest;
}

// Finds the shape of the samples; of a training that of the network, which the sequences of later files must fit.
void shape_sequences(ArraySet& set, const ArraysConfig& config, SampleSpec& spec, bool of_training) {
  const SequenceParts& sequences = *set.sequences;
  if (of_training) {
    spec.padded = !config.lengths.empty();
    spec.each_step = config.each_step;
    spec.input_shape = {config.steps > 0 ? config.steps : longest_sequence(config), sequences.features()};
  }
  const int64_t steps = spec.input_shape[0], longest = sequences.lengths->longest();
  set.input_shape = {spec.padded ? steps : longest, sequences.features()};
  if (!spec.padded || longest <= steps) return;
  int64_t sequence = 0;
  while (sequences.lengths->of(sequence) <= steps) ++sequence;
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: {} time steps, but the network takes at most {}", sequences.counted->where(sequence), longest, steps),
      "Cut the sequence, or train with a larger data.steps.");
}

// `spec`: see read_truths(). Groups are not needed of a file that is one split of a trained network's data.
ArraySet open_set(const std::string& path, const ArraysConfig& config, SampleSpec& spec, bool of_training, bool optional,
                  bool with_groups) {
  const auto file = ArrayFile::open(path);
  ArraySet set;
  if (are_sequences(config)) {
    set.sequences = open_sequences(*file, config);
    shape_sequences(set, config, spec, of_training);
  } else {
    set.parts = open_parts(*file, config);
    set.input_shape = joined_shape(set.parts, config);
    if (of_training) spec.input_shape = set.input_shape;
  }
  TruthRequest request{.file = *file, .config = config, .first = set.first(), .of_training = of_training, .optional = optional};
  if (config.each_step) {
    request.lengths = set.sequences->lengths;
    request.steps = set.input_shape[0];
  }
  set.truth = read_truths(request, spec);
  if (with_groups) set.groups = read_groups(*file, config, set.first());
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
    known.add(set.groups[row], splits[row], set.first().where(static_cast<int64_t>(row)));
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
  std::unique_ptr<Dataset> chosen;
  if (set.sequences) {
    chosen = std::make_unique<SequenceRows>(spec, *set.sequences, std::move(rows), set.truth);
  } else {
    chosen = std::make_unique<ArrayRows>(spec, set.parts, std::move(rows), set.truth);
  }
  return cached(std::move(chosen), config.cache_mb);
}

std::vector<Split> all_of(const ArraySet& set, Split split) { return std::vector<Split>(static_cast<size_t>(set.rows()), split); }

}  // namespace

std::optional<SampleSpec> source_spec(const ArraysConfig& config) {
  if (config.steps > 0 && config.lengths.empty()) {
    throw Error(ExitCode::usage, "data.steps is set, but data.lengths is not",
                "Name the array of the lengths; samples of one length need no data.steps.");
  }
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
    throw Error(ExitCode::bad_data, main.first().where() + ": no row is left for training",
                "Lower data.validation_fraction and data.test_fraction.");
  }
  if (!splits.validation && config.validation_fraction > 0) {
    log::shared_warning("{}: no row has become a validation row", main.first().where());
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
