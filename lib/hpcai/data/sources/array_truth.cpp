#include "hpcai/data/sources/array_truth.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/class_name_rules.h"
#include "hpcai/data/tables/class_labels.h"

namespace hpcai::data {
namespace {

[[noreturn]] void refuse_truth(const std::string& where, const std::string& why, const std::string& remedy) {
  throw Error(ExitCode::bad_data, where + ": " + why, remedy);
}

const std::string& name_of_truth(const ArraysConfig& config) { return config.labels.empty() ? config.targets : config.labels; }

// The truth as a file holds it: a row for each sample, or for each step of all sequences, one sequence after the other.
class StoredTruth {
 public:
  explicit StoredTruth(const TruthRequest& request) : name_(name_of_truth(request.config)) {
    if (auto found = request.config.labels.empty() ? std::nullopt : request.file.texts(name_)) {
      texts_ = std::move(*found);
      where_ = fmt::format("{}, labels {}", request.first.where(), name_);
      rows_ = static_cast<int64_t>(texts_.size());
      lengths_ = request.lengths;
    } else {
      read_numbers(request);
    }
    const int64_t needed = lengths_ ? lengths_->total() : request.first.rows();
    if (rows_ == needed) return;
    refuse_truth(where_, fmt::format("{} rows, but {} are needed", rows_, needed),
                 lengths_                         ? "Give one row for each step of all sequences."
                 : request.config.lengths.empty() ? "The first dimension counts the samples and is the same of all arrays."
                                                  : "Give one row for each sequence, or set data.each_step for one each step.");
  }

  bool are_texts() const { return !texts_.empty(); }
  bool has_columns() const { return has_columns_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  const std::vector<double>& values() const { return values_; }     // [rows, columns]
  const std::vector<std::string>& texts() const { return texts_; }  // [rows]
  const std::string& shape() const { return shape_; }               // for messages: "[6, 4]"
  const std::string& where() const { return where_; }
  std::string where(int64_t row) const {
    if (!lengths_) return fmt::format("{}, row {}", where_, row);
    int64_t sequence = 0;
    while (lengths_->begin(sequence + 1) <= row) ++sequence;
    return fmt::format("{}, sequence {}, step {}", where_, sequence, row - lengths_->begin(sequence));
  }

 private:
  void read_numbers(const TruthRequest& request) {
    std::shared_ptr<const StoredArray> array = request.file.array(name_);
    where_ = array->where();
    shape_ = fmt::format("[{}]", fmt::join(array->shape(), ", "));
    if (request.lengths) return read_steps(SequenceArray(array, request.lengths), request.lengths);
    if (array->shape().size() > 2) {
      refuse_truth(where_, fmt::format("shape {}, but the truth is [n] or [n, columns]", shape_),
                   "Give one row of numbers for each sample, or set data.each_step for a truth of each time step.");
    }
    rows_ = array->rows();
    columns_ = array->row_size();
    has_columns_ = array->shape().size() == 2;
    values_ = array->read_all();
  }

  void read_steps(const SequenceArray& array, const std::shared_ptr<const SequenceLengths>& lengths) {
    lengths_ = lengths;
    rows_ = lengths->total();
    columns_ = array.columns();
    has_columns_ = array.has_columns();
    values_.resize(static_cast<size_t>(rows_ * columns_));
    for (int64_t i = 0; i < lengths->count(); ++i) array.read(i, values_.data() + lengths->begin(i) * columns_);
  }

  std::string name_, where_, shape_;
  std::shared_ptr<const SequenceLengths> lengths_;  // of a truth for each step
  std::vector<double> values_;
  std::vector<std::string> texts_;
  int64_t rows_ = 0, columns_ = 1;
  bool has_columns_ = false;
};

// The classes that texts name, in the order of the alphabet.
std::vector<std::string> names_in_texts(const StoredTruth& truth) {
  const std::set<std::string> different(truth.texts().begin(), truth.texts().end());
  if (different.size() > static_cast<size_t>(kMostClasses)) {
    refuse_truth(truth.where(), fmt::format("more than {} different classes", kMostClasses),
                 "Does data.labels name the right array?");
  }
  std::vector<std::string> names(different.begin(), different.end());
  check_class_names(names, {"label", [&](size_t) { return truth.where(); }, nullptr, "in the array of data.labels"});
  return names;
}

// What the truth is called; the classes of a training from their values.
void describe_array_truth(const ArraysConfig& config, const StoredTruth& truth, SampleSpec& spec) {
  if (!config.labels.empty() && !truth.has_columns()) {
    check_stated_class_names(config.classes);
    spec.class_names = config.stated_names();
    if (!spec.class_names.empty()) return;
    if (truth.are_texts()) {
      spec.class_names = names_in_texts(truth);
      return;
    }
    double largest = 0;
    for (const double value : truth.values()) largest = value > largest ? value : largest;  // leaves NaN out, refused later
    if (largest >= static_cast<double>(kMostClasses)) {
      refuse_truth(truth.where(), fmt::format("class {:g}", largest), "Classes are numbers from 0 on.");
    }
    spec.class_names = numbered_class_names(static_cast<int64_t>(largest) + 1);
    return;
  }
  const std::string& name = name_of_truth(config);
  spec.target_names = config.target_names;
  if (spec.target_names.empty() && truth.columns() == 1) spec.target_names = {name};
  if (spec.target_names.empty()) {
    for (int64_t i = 0; i < truth.columns(); ++i) spec.target_names.push_back(fmt::format("{}_{}", name, i));
  }
  if (static_cast<int64_t>(spec.target_names.size()) != truth.columns()) {
    refuse_truth(truth.where(),
                 fmt::format("{} columns, but data.target_names has {}", truth.columns(), spec.target_names.size()),
                 "Name each column once, or leave the names out.");
  }
  if (!config.labels.empty()) spec.target_ranges.assign(spec.target_names.size(), {0, 1});
}

// int64 [rows]
at::Tensor classes_of_texts(const StoredTruth& truth, const SampleSpec& spec, bool of_training) {
  const ClassLabels labels(spec.class_names, of_training ? "data.classes" : "the classes of the training");
  std::vector<int64_t> numbers;
  for (const std::string& text : truth.texts()) {
    const auto number = labels.find(text);
    if (!number) refuse_truth(truth.where(static_cast<int64_t>(numbers.size())), labels.why_unknown(text), "Correct the label.");
    numbers.push_back(*number);
  }
  return at::tensor(numbers, at::kLong);
}

// int64 [rows]
at::Tensor checked_classes(const StoredTruth& truth, const SampleSpec& spec) {
  std::vector<int64_t> numbers;
  const auto classes = static_cast<double>(spec.class_names.size());
  for (const double value : truth.values()) {
    if (!(value >= 0 && value < classes && value == std::floor(value))) {
      refuse_truth(truth.where(static_cast<int64_t>(numbers.size())),
                   fmt::format("class {:g} is not a number from 0 to {}", value, classes - 1),
                   "Labels are the positions of the classes; data.classes and data.class_count say how many there are.");
    }
    numbers.push_back(static_cast<int64_t>(value));
  }
  return at::tensor(numbers, at::kLong);
}

// float [rows, columns]
at::Tensor checked_numbers(const StoredTruth& truth, bool are_labels) {
  std::vector<float> converted;
  for (const double value : truth.values()) {
    const auto place = [&] { return truth.where(static_cast<int64_t>(converted.size() - 1) / truth.columns()); };
    converted.push_back(static_cast<float>(value));
    if (!std::isfinite(converted.back())) {
      refuse_truth(place(), fmt::format("{} is not a finite number of float32", value),
                   "Give the value, or remove the sample from all arrays; predict needs none.");
    }
    if (are_labels && value != 0 && value != 1) {
      refuse_truth(place(), fmt::format("label {:g} is neither 0 nor 1", value),
                   "Labels [n, labels] say whether a sample has each label; numbers to learn belong into data.targets.");
    }
  }
  return at::tensor(converted).reshape({truth.rows(), truth.columns()});
}

at::Tensor unknown_truth(const TruthRequest& request, const SampleSpec& spec) {
  std::vector<int64_t> sizes = {request.first.rows()};
  if (request.lengths) sizes.push_back(request.steps);
  if (!spec.class_names.empty()) return at::full(sizes, kUnlabelled, at::kLong);
  sizes.push_back(static_cast<int64_t>(spec.target_names.size()));
  return at::full(sizes, kUnknownTarget, at::kFloat);
}

// Rows of all steps [all steps, ...] -> [n, time, ...]
at::Tensor padded_truth(const at::Tensor& rows, const TruthRequest& request, const SampleSpec& spec) {
  if (!request.lengths) return rows;
  at::Tensor all = unknown_truth(request, spec);
  const SequenceLengths& lengths = *request.lengths;
  for (int64_t i = 0; i < lengths.count(); ++i) {
    all[i].narrow(0, 0, lengths.of(i)).copy_(rows.narrow(0, lengths.begin(i), lengths.of(i)));
  }
  return all;
}

}  // namespace

at::Tensor read_truths(const TruthRequest& request, SampleSpec& spec) {
  const bool single = request.file.is_single();
  if (request.optional && (single || !request.file.has(name_of_truth(request.config)))) return unknown_truth(request, spec);
  if (single) {
    throw Error(ExitCode::bad_data, request.first.where() + " is one array, without a truth",
                "Give a folder of .npy files, a .npz or an HDF5 file that also has the targets or labels; predict needs none.");
  }
  const StoredTruth truth(request);
  SampleSpec own;
  describe_array_truth(request.config, truth, request.of_training ? spec : own);
  if (!spec.class_names.empty()) {
    if (truth.columns() != 1) {
      refuse_truth(truth.where(), fmt::format("shape {}, but class numbers are [n]", truth.shape()),
                   "Give the class number of each sample, as in the training.");
    }
    const bool texts = truth.are_texts();
    return padded_truth(texts ? classes_of_texts(truth, spec, request.of_training) : checked_classes(truth, spec), request, spec);
  }
  if (!request.of_training && own.target_names.size() != spec.target_names.size()) {
    refuse_truth(
        truth.where(),
        fmt::format("{} targets, but the network was trained with {}", own.target_names.size(), spec.target_names.size()),
        "Give the targets of the training.");
  }
  return padded_truth(checked_numbers(truth, !request.config.labels.empty()), request, spec);
}

}  // namespace hpcai::data
