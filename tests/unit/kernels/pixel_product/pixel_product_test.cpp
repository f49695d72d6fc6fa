#include "hpcai/kernels/pixel_product/pixel_product.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <tuple>

namespace hpcai::kernels {
namespace {

struct Problem {
  at::Tensor input, weight, grad;
};

Problem random_problem(int64_t batch, int64_t in, int64_t out, int64_t height, int64_t width) {
  at::manual_seed(5);
  return {.input = at::randn({batch, in, height, width}).contiguous(at::MemoryFormat::ChannelsLast),
          .weight = at::randn({out, in, 1, 1}),
          .grad = at::randn({batch, out, height, width})};
}

struct Result {
  at::Tensor output, of_input, of_weight;
};

template <class Convolution>
Result run(const Problem& problem, at::ScalarType type, const Convolution& convolution) {
  const auto copied = [&](const at::Tensor& tensor) { return tensor.detach().to(type, false, /*copy=*/true); };
  const at::Tensor input = copied(problem.input).requires_grad_(), weight = copied(problem.weight).requires_grad_();
  const at::Tensor output = convolution(input, weight);
  output.backward(problem.grad.to(type));
  return {.output = output.detach(), .of_input = input.grad(), .of_weight = weight.grad()};
}

double largest_error(const at::Tensor& value, const at::Tensor& expected) {
  REQUIRE(value.sizes() == expected.sizes());
  return ((value.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST_CASE("the product over pixels and its gradients equal those of a 1x1 convolution in float64") {
  // odd numbers of rows and pixels, half panels of 8 channels, one pixel, more rows than one piece
  const auto [batch, in, out, height, width] = GENERATE(std::tuple(2, 16, 32, 5, 7), std::tuple(1, 8, 24, 1, 1),
                                                        std::tuple(3, 40, 16, 13, 9), std::tuple(1, 64, 8, 20, 31));
  CAPTURE(batch, in, out, height, width);
  const Problem problem = random_problem(batch, in, out, height, width);
  REQUIRE(pixel_product_supports(problem.input, problem.weight));
  const Result value = run(problem, at::kFloat, pixel_product), expected = run(problem, at::kDouble, pixel_product_reference);
  CHECK(value.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(largest_error(value.output, expected.output) < 2e-6);
  CHECK(largest_error(value.of_input, expected.of_input) < 2e-6);
  CHECK(largest_error(value.of_weight, expected.of_weight) < 2e-6);
}

TEST_CASE("the product over pixels does not depend on the number of threads") {
  const Problem problem = random_problem(2, 32, 72, 15, 16);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Result one = run(problem, at::kFloat, pixel_product);
  at::set_num_threads(3);
  const Result three = run(problem, at::kFloat, pixel_product);
  at::set_num_threads(threads);
  CHECK(one.output.equal(three.output));
  CHECK(one.of_input.equal(three.of_input));
}

TEST_CASE("the product over pixels refuses what it cannot compute") {
  const Problem problem = random_problem(1, 16, 16, 8, 8);
  CHECK_FALSE(pixel_product_supports(problem.input.contiguous(), problem.weight));
  CHECK_FALSE(pixel_product_supports(problem.input.to(at::kDouble), problem.weight));
  CHECK_FALSE(pixel_product_supports(problem.input, at::randn({12, 16, 1, 1})));
  CHECK_FALSE(pixel_product_supports(problem.input, at::randn({16, 16, 3, 3})));
  CHECK_THROWS_AS(pixel_product(problem.input.contiguous(), problem.weight), c10::Error);
}

}  // namespace
}  // namespace hpcai::kernels
