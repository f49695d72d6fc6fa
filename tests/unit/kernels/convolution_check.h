#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>

#include "hpcai/kernels/batch_norm/batch_norm.h"

// What the tests of the convolutions share: a convolution and its gradients in one type, norms before it, and their errors.
namespace hpcai::kernels {

struct ConvolutionProblem {
  at::Tensor input, weight, grad;  // grad: of the output
};

struct ConvolutionResult {
  at::Tensor output, of_input, of_weight;
};

// Parameters stay float32 where images are bfloat16.
inline at::ScalarType type_of_parameters(at::ScalarType type) { return type == at::kBFloat16 ? at::kFloat : type; }

// convolution(input, weight) and its gradients, computed of images in `type`.
template <class Convolution>
ConvolutionResult run(const ConvolutionProblem& problem, at::ScalarType type, const Convolution& convolution) {
  const auto copied = [](const at::Tensor& tensor, at::ScalarType as) {
    return tensor.detach().to(as, false, /*copy=*/true).requires_grad_();
  };
  const at::Tensor input = copied(problem.input, type), weight = copied(problem.weight, type_of_parameters(type));
  const at::Tensor output = convolution(input, weight);
  REQUIRE(output.scalar_type() == type);
  output.backward(problem.grad.to(type));
  return {.output = output.detach(), .of_input = input.grad(), .of_weight = weight.grad()};
}

// As many threads as given during the lifetime of the object.
class Threads {
 public:
  explicit Threads(int threads) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  const int before_ = at::get_num_threads();
};

// The same on `threads` threads.
template <class Convolution>
ConvolutionResult run_on_threads(int threads, const ConvolutionProblem& problem, const Convolution& convolution,
                                 at::ScalarType type = at::kFloat) {
  const Threads as_many(threads);
  return run(problem, type, convolution);
}

// A problem whose images bfloat16 can hold.
inline ConvolutionProblem as_stored(const ConvolutionProblem& problem) {
  const auto held = [](const at::Tensor& images) { return images.to(at::kBFloat16).to(at::kFloat); };
  return {.input = held(problem.input), .weight = problem.weight, .grad = held(problem.grad)};
}

// As a part of the largest expected value.
inline double largest_error(const at::Tensor& value, const at::Tensor& expected) {
  REQUIRE(value.sizes() == expected.sizes());
  return ((value.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

inline void check_close(const ConvolutionResult& value, const ConvolutionResult& expected, double of_images, double of_weight) {
  CHECK(largest_error(value.output, expected.output) < of_images);
  CHECK(largest_error(value.of_input, expected.of_input) < of_images);
  CHECK(largest_error(value.of_weight, expected.of_weight) < of_weight);
}
inline void check_close(const ConvolutionResult& value, const ConvolutionResult& expected, double tolerance) {
  check_close(value, expected, tolerance, tolerance);
}

// bfloat16 images are rounded once, by at most 2^-8 of a value, and the float32 gradient of the weight is not.
inline void check_stored(const ConvolutionResult& value, const ConvolutionResult& expected, double tolerance_of_weight) {
  CHECK(value.output.scalar_type() == at::kBFloat16);
  CHECK(value.of_input.scalar_type() == at::kBFloat16);
  CHECK(value.of_weight.scalar_type() == at::kFloat);
  constexpr double kRounding = 1.0 / 256;
  CHECK(largest_error(value.output, expected.output) < kRounding + tolerance_of_weight);
  CHECK(largest_error(value.of_input, expected.of_input) < kRounding + tolerance_of_weight);
  CHECK(largest_error(value.of_weight, expected.of_weight) < tolerance_of_weight);
}

// A norm with any statistics, and a gamma of any sign.
inline NormTensors random_norm(int64_t channels) {
  return {.gamma = at::randn({channels}),
          .beta = at::randn({channels}) * 0.3,
          .running_mean = at::randn({channels}),
          .running_var = at::rand({channels}) + 0.5};
}

// Of its own tensors, with gradients, for images in `type`.
inline NormTensors copied(const NormTensors& norm, at::ScalarType type) {
  const auto copy = [&](const at::Tensor& tensor) { return tensor.detach().to(type_of_parameters(type), false, /*copy=*/true); };
  return {.gamma = copy(norm.gamma).requires_grad_(),
          .beta = copy(norm.beta).requires_grad_(),
          .running_mean = copy(norm.running_mean),
          .running_var = copy(norm.running_var)};
}

// Compares the gradients of gamma and beta, and the running statistics.
inline void check_close(const NormTensors& value, const NormTensors& expected, double tolerance) {
  CHECK(largest_error(value.gamma.grad(), expected.gamma.grad()) < tolerance);
  CHECK(largest_error(value.beta.grad(), expected.beta.grad()) < tolerance);
  CHECK(largest_error(value.running_mean, expected.running_mean) < tolerance);
  CHECK(largest_error(value.running_var, expected.running_var) < tolerance);
}

inline void check_equal(const ConvolutionResult& value, const ConvolutionResult& expected) {
  CHECK(value.output.equal(expected.output));
  CHECK(value.of_input.equal(expected.of_input));
  CHECK(value.of_weight.equal(expected.of_weight));
}

}  // namespace hpcai::kernels
