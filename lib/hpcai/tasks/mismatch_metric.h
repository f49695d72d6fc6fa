#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/simulate/waveform.h"

namespace hpcai::tasks {

// The metric of the mismatch (simulate/waveform_metric.h) as a smooth function of the binary, on one device. The factors of
// G = U^T U + diag(0, 0, w), which vary slowly, are interpolated by Chebyshev polynomials in (ln q, s1, s2). The error of d^T G d
// for random binaries and random d, whose parts have a deviation of 1, is below 2 % of d^T G d + 0.02 for half of them, below 15
// % for nine tenths and below a half for all that its test draws. That is enough for a weight of errors.
class MismatchMetric {
 public:
  // The times that the metric is computed for: those of `grid`, but at least 1 M apart.
  static simulate::TimeGrid grid_of(simulate::TimeGrid grid);

  // Computes the 4,480 waveforms that the polynomials need, at the times of grid_of(grid), with `threads` threads (0: all cores):
  // 4 CPU seconds for 1000 M, 17 for 10,000 M.
  MismatchMetric(const simulate::TimeGrid& grid, at::Device device, int threads);

  // d^T G d [batch] for changes d of the coordinates, `change` [batch, 3], at the binaries `truth` [batch, 3] = (q, s1, s2). G is
  // a constant of the derivatives. For changes that are not small it exceeds the mismatch, which is at most 1.
  at::Tensor operator()(const at::Tensor& change, const at::Tensor& truth) const;

 private:
  at::Tensor factors(const at::Tensor& truth) const;  // [batch, 6]

  at::Tensor coefficients_;  // [basis functions, 6]
};

}  // namespace hpcai::tasks
