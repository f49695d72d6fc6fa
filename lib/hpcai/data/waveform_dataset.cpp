#include "hpcai/data/waveform_dataset.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::data {
namespace {

// x - x is zero for every finite number; a sum keeps the loop free of branches.
bool all_finite(const float* values, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i] - values[i];
  return sum == 0;
}

}  // namespace

SampleSpec waveform_spec(const simulate::TimeGrid& grid) {
  return {{1, grid.size()}, {}, {simulate::kBinaryParameters.begin(), simulate::kBinaryParameters.end()}, grid};
}

WaveformDataset::WaveformDataset(std::vector<Label> labels, const simulate::TimeGrid& grid)
    : Dataset(waveform_spec(grid)), labels_(std::move(labels)) {}

void WaveformDataset::read(int64_t index, const Draw*, float* out) const {
  make_waveform(index, out);
  if (all_finite(out, length())) return;
  const int64_t at = std::find_if(out, out + length(), [](float x) { return !std::isfinite(x); }) - out;
  throw Error(ExitCode::bad_data, fmt::format("{}: sample {} is {}", where(index), at, describe_value(index, at, out[at])),
              "Remove the row or make the file again.");
}

std::string WaveformDataset::describe_value(int64_t, int64_t, float value) const {
  return fmt::format("{}, not a finite number", value);
}

at::Tensor WaveformDataset::targets(std::span<const int64_t> index) const {
  at::Tensor targets = at::empty({static_cast<int64_t>(index.size()), 3}, at::kFloat);
  float* out = targets.mutable_data_ptr<float>();
  for (int64_t i : index) {
    for (double value : label(i)) *out++ = static_cast<float>(value);
  }
  return targets;
}

}  // namespace hpcai::data
