#include "hpcai/data/arrays/sequences.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::data {
namespace {

constexpr double kMostSteps = 1 << 24;  // of one sequence
constexpr const char* kLayouts =
    "Write the sequences padded to one length, [n, time, features], or one after the other, [all steps, features].";

[[noreturn]] void refuse_sequences(const std::string& where, const std::string& why, const std::string& remedy) {
  throw Error(ExitCode::bad_data, where + ": " + why, remedy);
}

}  // namespace

SequenceLengths::SequenceLengths(const StoredArray& array) {
  if (array.row_size() != 1) refuse_sequences(array.where(), "more than one number a row", "data.lengths names an array [n].");
  const std::vector<double> values = array.read_all();
  for (size_t row = 0; row < values.size(); ++row) {
    const double value = values[row];
    if (!(value >= 1 && value <= kMostSteps && value == std::floor(value))) {
      refuse_sequences(array.where(static_cast<int64_t>(row)), fmt::format("{:g} is not a number of time steps", value),
                       fmt::format("Lengths are whole numbers from 1 to {:.0f}; leave empty sequences out.", kMostSteps));
    }
    const auto steps = static_cast<int64_t>(value);
    begins_.push_back(begins_.back() + steps);
    longest_ = std::max(longest_, steps);
  }
}

SequenceLengths::SequenceLengths(int64_t count, int64_t steps) : longest_(steps) {
  for (int64_t i = 1; i <= count; ++i) begins_.push_back(i * steps);
}

SequenceArray::SequenceArray(std::shared_ptr<const StoredArray> array, std::shared_ptr<const SequenceLengths> lengths)
    : array_(std::move(array)), lengths_(std::move(lengths)) {
  const std::vector<int64_t>& shape = array_->shape();
  // Sequences of one step each have as many steps as there are sequences. Then three dimensions can only be the padded layout,
  // and two of them may be either, with the same values only if the second one is 1.
  const bool both_fit = shape[0] == lengths_->total() && shape[0] == lengths_->count() && shape.size() == 2 && shape[1] > 1;
  if (both_fit) {
    refuse_sequences(
        array_->where(),
        fmt::format("shape [{}], and all sequences have one step: the {} columns may be features or padded time steps",
                    fmt::join(shape, ", "), shape[1]),
        fmt::format("Give it three dimensions: [{0}, 1, {1}] for features, [{0}, {1}, 1] for time steps.", shape[0], shape[1]));
  }
  joined_ = shape[0] == lengths_->total() && (shape[0] != lengths_->count() || shape.size() < 3);
  const size_t time_dimensions = joined_ ? 1 : 2;
  if ((!joined_ && shape[0] != lengths_->count()) || shape.size() < time_dimensions || shape.size() > time_dimensions + 1) {
    refuse_sequences(array_->where(),
                     fmt::format("shape [{}] for {} sequences of {} steps together", fmt::join(shape, ", "), lengths_->count(),
                                 lengths_->total()),
                     kLayouts);
  }
  if (!joined_ && shape[1] < lengths_->longest()) {
    refuse_sequences(array_->where(), fmt::format("{} time steps, but a sequence has {}", shape[1], lengths_->longest()),
                     "Check the array that data.lengths names.");
  }
  has_columns_ = shape.size() > time_dimensions;
  if (has_columns_) columns_ = shape.back();
}

std::string SequenceArray::where(int64_t sequence, int64_t step) const {
  return fmt::format("{}, sequence {}, step {}", array_->where(), sequence, step);
}

template <class Value>
void SequenceArray::read_values(int64_t sequence, Value* out) const {
  const int64_t steps = lengths_->of(sequence);
  if (joined_) return array_->read_rows(lengths_->begin(sequence), steps, out);
  thread_local std::vector<Value> padded;
  padded.resize(static_cast<size_t>(array_->row_size()));
  array_->read_row(sequence, padded.data());
  std::copy_n(padded.begin(), steps * columns_, out);
}

template void SequenceArray::read_values(int64_t sequence, float* out) const;
template void SequenceArray::read_values(int64_t sequence, double* out) const;

}  // namespace hpcai::data
