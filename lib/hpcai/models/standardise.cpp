#include "hpcai/models/standardise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "hpcai/models/model.h"

namespace hpcai::models {
namespace {

constexpr int64_t kMostExamples = 8192, kMostExampleValues = 1 << 24;
constexpr double kLeastPart = 1e-12;  // of the mean: a smaller deviation is rounding

// values [n, columns], float64: mean and deviation of each column; 1 for a deviation of 0.
std::pair<at::Tensor, at::Tensor> mean_and_deviation(const at::Tensor& values) {
  const at::Tensor mean = values.mean(0);
  const at::Tensor deviation = (values - mean).square().mean(0).sqrt();
  return {mean, at::where(deviation > kLeastPart * mean.abs(), deviation, at::ones_like(deviation))};
}

template <class Part>
Part* find_part(const Model& model, const char* name) {
  const auto parts = model.named_children();
  const auto* found = parts.find(name);
  return found == nullptr ? nullptr : dynamic_cast<Part*>(found->get());
}

}  // namespace

InputStandardiser::InputStandardiser(std::span<const int64_t> input_shape, int64_t channels) : channels_(channels) {
  std::vector<int64_t> shape(input_shape.size(), 1);
  const auto at = static_cast<size_t>(channels);
  shape[at] = input_shape[at];
  centre_ = register_buffer("centre", at::zeros(shape));
  deviation_ = register_buffer("deviation", at::ones(shape));
  const int64_t values = std::accumulate(input_shape.begin(), input_shape.end(), int64_t{1}, std::multiplies<>());
  examples_ = std::clamp<int64_t>(kMostExampleValues / values, 1, kMostExamples);
}

void InputStandardiser::fit_to(const at::Tensor& examples) {
  if (examples.size(0) == 0) return;
  const at::Tensor columns = examples.to(at::kDouble).movedim(1 + channels_, 0).reshape({centre_.numel(), -1});
  const at::Tensor missing = columns[0].isnan();
  const bool complete = !missing.any().item<bool>();
  const at::Tensor known = complete ? columns : columns.index_select(1, missing.logical_not().nonzero().squeeze(1));
  const auto [mean, deviation] = mean_and_deviation(known.t());
  centre_.copy_(mean.view(centre_.sizes()));
  deviation_.copy_(deviation.view(deviation_.sizes()));
}

at::Tensor InputStandardiser::forward(const at::Tensor& input) const { return (input - centre_) / deviation_; }

TargetScale::TargetScale(int64_t targets)
    : centre_(register_buffer("centre", at::zeros({targets}))), deviation_(register_buffer("deviation", at::ones({targets}))) {}

void TargetScale::fit_to(const at::Tensor& targets) {
  if (!targets.defined() || targets.size(0) == 0) return;
  const at::Tensor rows = targets.flatten(0, -2);
  for (int64_t target = 0; target < rows.size(1); ++target) {
    const at::Tensor column = rows.select(1, target).to(at::kDouble);
    const at::Tensor known = column.masked_select(column.isnan().logical_not());
    if (known.numel() == 0) continue;
    const auto [mean, deviation] = mean_and_deviation(known.unsqueeze(1));
    centre_[target].copy_(mean[0]);
    deviation_[target].copy_(deviation[0]);
  }
}

TargetScale* find_target_scale(const Model& model) { return find_part<TargetScale>(model, kTargetScale); }
InputStandardiser* find_input_standardiser(const Model& model) { return find_part<InputStandardiser>(model, kInputStandardiser); }

}  // namespace hpcai::models
