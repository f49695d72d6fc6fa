#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace hpcai::inference {

// The logarithm of the standard normal density: [points, dimensions] -> [points].
at::Tensor log_standard_normal(const at::Tensor& points);

// A density of base numbers (the standard normal numbers that a flow maps to values): the standard normal distribution, or a
// mixture of it with multivariate Student's t distributions that are fitted to weighted points. Tensors are float64 on the CPU.
class Proposal {
 public:
  // The standard normal distribution.
  explicit Proposal(int64_t dimensions) : dimensions_(dimensions) {}

  // Fits the mixture to `points`, [points, dimensions], of the weights `weights`, [points], sum 1, by expectation maximisation
  // (Cappe et al., Statistics and Computing 18, 447, 2008). A tenth of the density stays standard normal, so that weights are
  // at most ten times those of the flow's own draws. `effective` is the effective number of points, with which the number of
  // parts grows.
  static Proposal fit(const at::Tensor& points, const at::Tensor& weights, double effective);

  // `count` points of the stream (seed, stream), [count, dimensions].
  at::Tensor draw(int64_t count, uint64_t seed, uint64_t stream) const;

  // The logarithm of the density: [points, dimensions] -> [points].
  at::Tensor log_density(const at::Tensor& points) const;

  int64_t dimensions() const { return dimensions_; }
  int64_t parts() const { return means_.defined() ? means_.size(0) : 0; }

 private:
  void maximise(const at::Tensor& points, const at::Tensor& weights, double effective);
  at::Tensor log_parts(const at::Tensor& points) const;         // of each t distribution times its weight, [points, parts]
  at::Tensor squared_distance(const at::Tensor& points) const;  // of each point from each mean, in the part's scale

  int64_t dimensions_;
  at::Tensor shares_;  // of the t distributions, [parts], sum 1
  at::Tensor means_;   // [parts, dimensions]
  at::Tensor scales_;  // lower Cholesky factors of the scale matrices, [parts, dimensions, dimensions]
};

}  // namespace hpcai::inference
