#include "hpcai/models/flow/normal_scores.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace hpcai::models {
namespace {

constexpr double kMargin = 1e-6;  // of a range

}  // namespace

NormalScores::NormalScores(int64_t values)
    : low_(register_buffer("low", at::zeros({values}))), width_(register_buffer("width", at::ones({values}))) {}

void NormalScores::set_ranges(const std::vector<std::array<double, 2>>& ranges) {
  if (static_cast<int64_t>(ranges.size()) != low_.numel()) throw std::invalid_argument("NormalScores: one range for each value");
  std::vector<float> low, width;
  for (const auto& [first, last] : ranges) {
    if (!(last > first)) throw std::invalid_argument("NormalScores: an empty range");
    low.push_back(static_cast<float>(first));
    width.push_back(static_cast<float>(last - first));
  }
  low_.copy_(at::tensor(low));
  width_.copy_(at::tensor(width));
}

at::Tensor NormalScores::to_normal(const at::Tensor& value) const {
  const at::Tensor part = ((value - low_) / width_).clamp(kMargin, 1 - kMargin);
  return at::erfinv(2 * part - 1) * std::numbers::sqrt2;
}

at::Tensor NormalScores::from_normal(const at::Tensor& score) const {
  const at::Tensor part = at::erfc(score * (-1 / std::numbers::sqrt2)) * 0.5;
  return low_ + width_ * part.clamp(kMargin, 1 - kMargin);
}

at::Tensor NormalScores::relative_to_uniform(const at::Tensor& score, const at::Tensor& log_density) {
  const double log_norm = 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(score.size(1));
  return log_density + 0.5 * score.square().sum(1) + log_norm;
}

double NormalScores::log_uniform() const { return -width_.log().sum().item<double>(); }

}  // namespace hpcai::models
