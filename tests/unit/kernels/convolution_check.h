#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>

// What the tests of the convolutions share: a convolution and its gradients in one type, and their errors.
namespace hpcai::kernels {

struct ConvolutionProblem {
  at::Tensor input, weight, grad;  // grad: of the output
};

struct ConvolutionResult {
  at::Tensor output, of_input, of_weight;
};

// convolution(input, weight) and its gradients, computed in `type`.
template <class Convolution>
ConvolutionResult run(const ConvolutionProblem& problem, at::ScalarType type, const Convolution& convolution) {
  const auto copied = [&](const at::Tensor& tensor) { return tensor.detach().to(type, false, /*copy=*/true); };
  const at::Tensor input = copied(problem.input).requires_grad_(), weight = copied(problem.weight).requires_grad_();
  const at::Tensor output = convolution(input, weight);
  output.backward(problem.grad.to(type));
  return {.output = output.detach(), .of_input = input.grad(), .of_weight = weight.grad()};
}

// The same in float32 on `threads` threads.
template <class Convolution>
ConvolutionResult run_on_threads(int threads, const ConvolutionProblem& problem, const Convolution& convolution) {
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  ConvolutionResult result = run(problem, at::kFloat, convolution);
  at::set_num_threads(before);
  return result;
}

// As a part of the largest expected value.
inline double largest_error(const at::Tensor& value, const at::Tensor& expected) {
  REQUIRE(value.sizes() == expected.sizes());
  return ((value.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

inline void check_close(const ConvolutionResult& value, const ConvolutionResult& expected, double tolerance) {
  CHECK(largest_error(value.output, expected.output) < tolerance);
  CHECK(largest_error(value.of_input, expected.of_input) < tolerance);
  CHECK(largest_error(value.of_weight, expected.of_weight) < tolerance);
}

inline void check_equal(const ConvolutionResult& value, const ConvolutionResult& expected) {
  CHECK(value.output.equal(expected.output));
  CHECK(value.of_input.equal(expected.of_input));
  CHECK(value.of_weight.equal(expected.of_weight));
}

}  // namespace hpcai::kernels
