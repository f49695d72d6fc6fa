#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <vector>

namespace hpcai::models {

// Maps values that lie in known ranges to the real line, and back: a value that is uniform in its range becomes standard normal.
// A density on the real line thus becomes one that is zero outside of the ranges. The ranges are buffers, so that a checkpoint
// holds them; they are [0, 1] until set_ranges() is called. All tensors are [batch, values].
class NormalScores : public torch::nn::Module {
 public:
  explicit NormalScores(int64_t values);

  // `ranges`: lower and upper bound of each value. Throws std::invalid_argument for another number of them or an empty range.
  void set_ranges(const std::vector<std::array<double, 2>>& ranges);

  // A value outside of its range, and one less than 1e-6 of the range from a bound, is taken as that near the bound.
  at::Tensor to_normal(const at::Tensor& value) const;
  at::Tensor from_normal(const at::Tensor& score) const;

  // The logarithm of a density of the scores, `log_density` [batch] -> that of the density of the values divided by the uniform
  // density in the ranges, [batch].
  static at::Tensor relative_to_uniform(const at::Tensor& score, const at::Tensor& log_density);
  // The logarithm of the uniform density in the ranges, in 1 / (product of the values' units).
  double log_uniform() const;

 private:
  at::Tensor low_, width_;  // [values]
};

}  // namespace hpcai::models
