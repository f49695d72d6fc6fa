#include "hpcai/kernels/widened_convolution/widened_convolution.h"

#include <catch2/catch.hpp>

#include "unit/kernels/convolution_check.h"

namespace hpcai::kernels {
namespace {

// [2, 12, 9, 14] images, 3x3 kernels of stride 2 and padding 1 in groups, and a bias if `bias`.
struct Problem : ConvolutionProblem {
  at::Tensor bias;
  ConvolutionSizes sizes;
};

Problem random_problem(int64_t groups, bool bias) {
  at::manual_seed(11);
  const ConvolutionProblem images = as_stored({.input = at::randn({2, 12, 9, 14}).contiguous(at::MemoryFormat::ChannelsLast),
                                               .weight = at::randn({24, 12 / groups, 3, 3}),
                                               .grad = at::randn({2, 24, 5, 7})});
  return {images, bias ? at::randn({24}) : at::Tensor(), {.stride = 2, .padding = 1, .groups = groups}};
}

TEST_CASE("a widened convolution and its gradients equal the plain ones in float64, but for one rounding of images") {
  const Problem problem = random_problem(GENERATE(1, 3, 12), GENERATE(false, true));
  const auto& sizes = problem.sizes;
  const auto own_bias = [&](at::ScalarType type) {
    return problem.bias.defined() ? problem.bias.to(type, false, /*copy=*/true).requires_grad_() : at::Tensor();
  };
  at::Tensor bias = own_bias(at::kFloat), plain_bias = own_bias(at::kDouble);
  const ConvolutionResult value = run_on_threads(
      GENERATE(1, 3), problem,
      [&](const at::Tensor& input, const at::Tensor& weight) {
    return widened_convolution(input, weight, bias, sizes, at::kBFloat16);
      },
      at::kBFloat16);
  const ConvolutionResult expected = run(problem, at::kDouble, [&](const at::Tensor& input, const at::Tensor& weight) {
    return at::conv2d(input, weight, plain_bias, sizes.stride, sizes.padding, 1, sizes.groups);
  });
  check_stored(value, expected, 1e-5);
  if (bias.defined()) CHECK(largest_error(bias.grad(), plain_bias.grad()) < 1e-5);
}

TEST_CASE("a widened convolution does not round a float32 input, and its gradient is float32") {
  Problem problem = random_problem(1, false);
  problem.input = at::randn(problem.input.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor input = problem.input.clone().requires_grad_();
  const at::Tensor output = widened_convolution(input, problem.weight, {}, problem.sizes, at::kBFloat16);
  CHECK(at::equal(output, at::conv2d(problem.input, problem.weight, {}, 2, 1).to(at::kBFloat16)));
  output.backward(problem.grad.to(at::kBFloat16));
  CHECK(input.grad().scalar_type() == at::kFloat);
  at::Tensor plain = problem.input.to(at::kDouble).requires_grad_();
  at::conv2d(plain, problem.weight.to(at::kDouble), {}, 2, 1).backward(problem.grad.to(at::kDouble));
  CHECK(largest_error(input.grad(), plain.grad()) < 1e-5);
}

}  // namespace
}  // namespace hpcai::kernels
