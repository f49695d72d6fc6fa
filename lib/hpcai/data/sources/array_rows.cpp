#include "hpcai/data/sources/array_rows.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"

namespace hpcai::data {
namespace {

// `value` number `at` of what `where` names; float32 cannot hold it.
[[noreturn]] void refuse_value(const std::string& where, int64_t at, double value) {
  throw Error(ExitCode::bad_data,
              std::isfinite(value) ? fmt::format("{}: value {} is {:g}, which does not fit into float32", where, at, value)
                                   : fmt::format("{}: value {} is {}, not a finite number", where, at, value),
              "Replace the value or remove the sample from all arrays.");
}

void check_row(const StoredArray& part, int64_t row, const float* values) {
  for (int64_t i = 0; i < part.row_size(); ++i) {
    if (std::isfinite(values[i])) continue;
    std::vector<double> exact(static_cast<size_t>(part.row_size()));
    part.read_row(row, exact.data());
    refuse_value(part.where(row), i, exact[static_cast<size_t>(i)]);
  }
}

void check_sequence(const SequenceArray& part, int64_t sequence, const std::vector<float>& values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  std::vector<double> exact(values.size());
  part.read(sequence, exact.data());
  const auto at = bad - values.begin();
  refuse_value(part.where(sequence, at / part.columns()), at % part.columns(), exact[static_cast<size_t>(at)]);
}

}  // namespace

ArrayRows::ArrayRows(const SampleSpec& spec, ArrayParts parts, std::vector<int64_t> rows, const at::Tensor& truth)
    : Dataset(spec),
      parts_(std::move(parts)),
      truth_(truth.index_select(0, at::tensor(rows, at::kLong))),
      rows_(std::move(rows)) {}

void ArrayRows::read(int64_t index, const Draw*, float* out) const {
  for (const auto& part : parts_) {
    part->read_row(row(index), out);
    check_row(*part, row(index), out);
    out += part->row_size();
  }
}

at::Tensor ArrayRows::targets(std::span<const int64_t> index) const {
  return truth_.index_select(0, at::tensor(at::ArrayRef<int64_t>(index.data(), index.size()), at::kLong));
}

void ArrayRows::hash_content(int64_t index, Sha256& hash) const {
  for (const auto& part : parts_) {
    std::vector<float> stored(static_cast<size_t>(part->row_size()));
    part->read_row(row(index), stored.data());
    hash.update(stored.data(), stored.size() * sizeof(float));
  }
}

int64_t SequenceParts::features() const {
  int64_t sum = 0;
  for (const SequenceArray& input : inputs) sum += input.columns();
  return sum;
}

SequenceRows::SequenceRows(const SampleSpec& spec, SequenceParts parts, std::vector<int64_t> rows, const at::Tensor& truth)
    : ArrayRows(spec, {parts.counted}, std::move(rows), truth), sequences_(std::move(parts)) {}

void SequenceRows::read(int64_t index, const Draw*, float* out) const {
  const int64_t sequence = row(index), steps = sequences_.lengths->of(sequence), features = sequences_.features();
  std::fill(out + steps * features, out + input_size(), std::numeric_limits<float>::quiet_NaN());
  thread_local std::vector<float> values;
  for (const SequenceArray& part : sequences_.inputs) {
    values.resize(static_cast<size_t>(steps * part.columns()));
    part.read(sequence, values.data());
    check_sequence(part, sequence, values);
    for (int64_t step = 0; step < steps; ++step) {
      std::copy_n(values.begin() + step * part.columns(), part.columns(), out + step * features);
    }
    out += part.columns();
  }
}

void SequenceRows::hash_content(int64_t index, Sha256& hash) const {
  const int64_t sequence = row(index);
  for (const SequenceArray& part : sequences_.inputs) {
    std::vector<float> stored(static_cast<size_t>(sequences_.lengths->of(sequence) * part.columns()));
    part.read(sequence, stored.data());
    hash.update(stored.data(), stored.size() * sizeof(float));
  }
}

}  // namespace hpcai::data
