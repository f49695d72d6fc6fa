#include "hpcai/tasks/waveform_coordinates.h"

#include <ATen/ATen.h>

#include <cmath>

#include "hpcai/simulate/waveform.h"

namespace hpcai::tasks {

at::Tensor to_coordinates(const at::Tensor& parameters) {
  const at::Tensor q = parameters.select(1, 0), s1 = parameters.select(1, 1), s2 = parameters.select(1, 2);
  return at::stack({q.log(), (q * s1 + s2) / (1 + q), s1 - s2}, 1);
}

at::Tensor to_parameters(const at::Tensor& coordinates) {
  constexpr double kMax = simulate::kMaxSpin;
  const at::Tensor q = coordinates.select(1, 0).clamp(0, std::log(simulate::kMaxMassRatio)).exp();
  const at::Tensor chi = coordinates.select(1, 1).clamp(-kMax, kMax);
  // |s1| <= kMax and |s2| <= kMax are two ranges of s1 - s2.
  const at::Tensor low = at::maximum((1 + q) * (-kMax - chi), (1 + 1 / q) * (chi - kMax));
  const at::Tensor high = at::minimum((1 + q) * (kMax - chi), (1 + 1 / q) * (chi + kMax));
  const at::Tensor part = at::minimum(at::maximum(coordinates.select(1, 2), low), high) / (1 + q);
  return at::stack({q, (chi + part).clamp(-kMax, kMax), (chi - q * part).clamp(-kMax, kMax)}, 1);
}

at::Tensor coordinates_of_output(const at::Tensor& output) {
  const auto column = [&](int64_t i) {
    return output.select(1, i) * kCoordinateWidth[static_cast<size_t>(i)] + kCoordinateMiddle[static_cast<size_t>(i)];
  };
  return at::stack({column(0), column(1), column(2)}, 1);
}

}  // namespace hpcai::tasks
