#include "hpcai/kernels/pixel_product/pixel_product.h"

#include <torch/autograd.h>

#include <catch2/catch.hpp>
#include <tuple>

#include "hpcai/kernels/bfloat16_products.h"
#include "unit/kernels/convolution_check.h"
#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

ConvolutionProblem random_problem(int64_t batch, int64_t in, int64_t out, int64_t height, int64_t width) {
  at::manual_seed(5);
  return {.input = at::randn({batch, in, height, width}).contiguous(at::MemoryFormat::ChannelsLast),
          .weight = at::randn({out, in, 1, 1}),
          .grad = at::randn({batch, out, height, width})};
}

at::Tensor plain(const at::Tensor& input, const at::Tensor& weight) { return pixel_product_reference(input, weight); }

TEST_CASE("the product over pixels and its gradients equal those of a 1x1 convolution in float64") {
  // odd numbers of rows and pixels, half panels of 8 channels, one pixel, more rows or channels than one piece
  const auto [batch, in, out, height, width] =
      GENERATE(std::tuple(2, 16, 32, 5, 7), std::tuple(1, 8, 24, 1, 1), std::tuple(3, 40, 16, 13, 9),
               std::tuple(1, 64, 8, 20, 31), std::tuple(1, 520, 264, 5, 3));
  CAPTURE(batch, in, out, height, width);
  const ConvolutionProblem problem = random_problem(batch, in, out, height, width);
  REQUIRE(pixel_product_supports(problem.input, problem.weight));
  const auto multiplier = GENERATE(Multiplier::packed, Multiplier::library);
  const ConvolutionResult value = run(problem, at::kFloat, [&](const at::Tensor& x, const at::Tensor& weight) {
    return pixel_product(x, weight, 1, multiplier);
  });
  CHECK(value.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  check_close(value, run(problem, at::kDouble, plain), 2e-6);
}

TEST_CASE("the product over every second pixel, and its gradients, equal those of a 1x1 convolution in float64") {
  const auto [height, width] = GENERATE(std::tuple(6, 8), std::tuple(5, 7));
  ConvolutionProblem problem = random_problem(2, 16, 24, height, width);
  problem.grad = at::randn({2, 24, (height + 1) / 2, (width + 1) / 2});
  const auto strided = [](const at::Tensor& input, const at::Tensor& weight) {
    return input.scalar_type() == at::kFloat ? pixel_product(input, weight, 2) : pixel_product_reference(input, weight, 2);
  };
  check_close(run(problem, at::kFloat, strided), run(problem, at::kDouble, strided), 2e-6);
}

TEST_CASE("the product over pixels adds its gradient to that of others that read its input") {
  const int64_t stride = GENERATE(1, 2);
  const auto multiplier = GENERATE(Multiplier::packed, Multiplier::library);
  ConvolutionProblem problem = random_problem(2, 24, 24, 7, 5);
  problem.grad = at::randn({2, 24, (7 + stride - 1) / stride, (5 + stride - 1) / stride});
  const at::Tensor others_weight = at::randn({24, 24, 3, 3});
  const auto fork = [&](const at::Tensor& input, const at::Tensor& weight) {
    return input.scalar_type() == at::kFloat ? pixel_product_fork(input, weight, stride, multiplier)
                                             : Fork{pixel_product_reference(input, weight, stride), input};
  };
  const auto with_convolution = [&](const at::Tensor& input, const at::Tensor& weight) {
    const auto [output, others_input] = fork(input, weight);
    return output + at::conv2d(others_input, others_weight.to(input.scalar_type()), {}, stride, 1);
  };
  check_close(run(problem, at::kFloat, with_convolution), run(problem, at::kDouble, with_convolution), 2e-6);
  // Autograd gives both outputs the same tensor as their gradient, which must not be written over. Nobody else holds it.
  const auto with_sum = [&](const at::Tensor& input, const at::Tensor& weight) {
    const auto [output, others_input] = fork(input, weight);
    return (stride == 1 ? output + others_input : output) * 0.75;
  };
  check_close(run(problem, at::kFloat, with_sum), run(problem, at::kDouble, with_sum), 2e-6);
  // Only the others matter.
  const at::Tensor input = problem.input.clone().requires_grad_();
  pixel_product_fork(input, problem.weight, stride, multiplier).input.sum().backward();
  CHECK(input.grad().equal(at::ones_like(input)));
  // An input without a gradient does not get one.
  CHECK_FALSE(
      pixel_product_fork(problem.input, problem.weight.clone().requires_grad_(), stride, multiplier).input.requires_grad());
}

TEST_CASE("a layer behind the product over pixels may change its output in place") {
  const ConvolutionProblem problem = random_problem(2, 16, 24, 5, 7);
  const auto multiplier = GENERATE(Multiplier::packed, Multiplier::library);
  const auto twice = [&](const at::Tensor& input, const at::Tensor& weight) {
    return input.scalar_type() == at::kFloat ? pixel_product(input, weight, 1, multiplier).mul_(2)
                                             : pixel_product_reference(input, weight) * 2;
  };
  check_close(run(problem, at::kFloat, twice), run(problem, at::kDouble, twice), 2e-6);
}

TEST_CASE("the product over pixels with packed weights is the same convolution on each instruction set") {
  const ConvolutionProblem problem = random_problem(2, 40, 56, 13, 9);
  const ConvolutionResult expected = run(problem, at::kDouble, plain);
  for_each_instruction_set([&] {
    const auto packed = [](const at::Tensor& input, const at::Tensor& weight) {
      return pixel_product(input, weight, 1, Multiplier::packed);
    };
    check_close(run(problem, at::kFloat, packed), expected, 2e-6);
  });
}

TEST_CASE("the product over pixels with packed weights does not depend on the number of threads") {
  const ConvolutionProblem problem = random_problem(2, 32, 72, 15, 16);
  const auto packed = [](const at::Tensor& input, const at::Tensor& weight) {
    return pixel_product(input, weight, 1, Multiplier::packed);
  };
  const ConvolutionResult three = run_on_threads(3, problem, packed), one = run_on_threads(1, problem, packed);
  CHECK(three.output.equal(one.output));
  CHECK(three.of_input.equal(one.of_input));
}

TEST_CASE("the product over bfloat16 pixels and its gradients equal those in float64, but for one rounding of images") {
  // as above; and several pieces of rows of the library's product
  const auto [batch, in, out, height, width] =
      GENERATE(std::tuple(2, 16, 32, 5, 7), std::tuple(1, 8, 24, 1, 1), std::tuple(3, 40, 16, 13, 9),
               std::tuple(1, 520, 264, 5, 3), std::tuple(2, 16, 24, 41, 53));
  CAPTURE(batch, in, out, height, width);
  const ConvolutionProblem problem = as_stored(random_problem(batch, in, out, height, width));
  const auto multiplier = GENERATE(Multiplier::packed, Multiplier::library);
  const int threads = GENERATE(1, 3);
  const ConvolutionResult value = run_on_threads(
      threads, problem,
      [&](const at::Tensor& x, const at::Tensor& weight) {
    REQUIRE(pixel_product_supports(x, weight));
    return pixel_product(x, weight, 1, multiplier);
      },
      at::kBFloat16);
  CHECK(value.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  check_stored(value, run(problem, at::kDouble, plain), 2e-6);
}

TEST_CASE("the product over bfloat16 pixels by the library's bfloat16 product rounds the weight and its gradient, too") {
  const int64_t stride = GENERATE(1, 2);
  ConvolutionProblem problem = as_stored(random_problem(2, 24, 40, 7, 9));
  problem.grad = problem.grad.slice(2, 0, 7, stride).slice(3, 0, 9, stride);
  problem.weight = problem.weight.to(at::kBFloat16).to(at::kFloat);
  const ConvolutionResult value = run_on_threads(
      1, problem,
      [&](const at::Tensor& x, const at::Tensor& weight) {
    return pixel_product(x, weight, stride, Multiplier::library_bfloat16);
      },
      at::kBFloat16);
  check_stored(value,
               run(problem, at::kDouble,
                   [&](const at::Tensor& x, const at::Tensor& weight) { return pixel_product_reference(x, weight, stride); }),
               1.0 / 256);
}

TEST_CASE("a fork of bfloat16 pixels adds its product to the others' gradient, and rounds only the sum") {
  const int64_t stride = GENERATE(1, 2);
  const auto multiplier = GENERATE(Multiplier::packed, Multiplier::library, Multiplier::tiles);
  const int threads = GENERATE(1, 3);
  ConvolutionProblem problem = random_problem(2, 24, 40, 37, 31);
  problem.weight = problem.weight.to(at::kBFloat16).to(at::kFloat);  // as tiles round it
  problem.grad = problem.grad.slice(2, 0, 37, stride).slice(3, 0, 31, stride);
  problem = as_stored(problem);
  const at::Tensor others = (at::randn_like(problem.input) * 10).to(at::kBFloat16);
  const at::Tensor input = problem.input.to(at::kBFloat16).requires_grad_(), weight = problem.weight.clone().requires_grad_();
  {
    const Threads as_many(threads);
    const Fork fork = pixel_product_fork(input, weight, stride, multiplier);
    torch::autograd::backward({fork.output, fork.input}, {problem.grad.to(at::kBFloat16), others});
  }
  const at::Tensor plain_input = problem.input.to(at::kDouble).requires_grad_();
  pixel_product_reference(plain_input, weight.detach().to(at::kDouble), stride).backward(problem.grad.to(at::kDouble));
  const at::Tensor exact = plain_input.grad() + others.to(at::kDouble);
  // Rounded once, a value is off by at most 2^-8 of itself; 1e-4 is for the float32 sums.
  CHECK(((input.grad().to(at::kDouble) - exact).abs() <= exact.abs() / 256 + 1e-4).all().item<bool>());
}

TEST_CASE("the product over bfloat16 pixels in tiles rounds only the weight and images") {
  const int64_t stride = GENERATE(1, 2);
  ConvolutionProblem problem = as_stored(random_problem(2, 24, 40, 7, 9));
  problem.grad = problem.grad.slice(2, 0, 7, stride).slice(3, 0, 9, stride);
  problem.weight = problem.weight.to(at::kBFloat16).to(at::kFloat);
  const ConvolutionResult value = run_on_threads(
      1, problem,
      [&](const at::Tensor& x, const at::Tensor& weight) { return pixel_product(x, weight, stride, Multiplier::tiles); },
      at::kBFloat16);
  check_stored(value,
               run(problem, at::kDouble,
                   [&](const at::Tensor& x, const at::Tensor& weight) { return pixel_product_reference(x, weight, stride); }),
               2e-6);
  CHECK_THROWS_AS(pixel_product(problem.input, problem.weight, stride, Multiplier::tiles), c10::Error);
}

TEST_CASE("the product over pixels takes bfloat16 products only for bfloat16 pixels, and where they are quick") {
  const auto multiplies_bfloat16 = [](at::ScalarType type) {
    const Multiplier quickest = quickest_multiplier(type);
    return quickest == Multiplier::library_bfloat16 || quickest == Multiplier::tiles;
  };
  CHECK_FALSE(multiplies_bfloat16(at::kFloat));
  CHECK(multiplies_bfloat16(at::kBFloat16) == (bfloat16_products() != Bfloat16Products::slow));
}

TEST_CASE("the product over pixels refuses what it cannot compute") {
  const ConvolutionProblem problem = random_problem(1, 16, 16, 8, 8);
  CHECK_FALSE(pixel_product_supports(problem.input.contiguous(), problem.weight));
  CHECK_FALSE(pixel_product_supports(problem.input.to(at::kDouble), problem.weight));
  CHECK_FALSE(pixel_product_supports(problem.input, at::randn({12, 16, 1, 1})));
  CHECK_FALSE(pixel_product_supports(problem.input, at::randn({16, 16, 3, 3})));
  CHECK_THROWS_AS(pixel_product(problem.input.contiguous(), problem.weight), c10::Error);
}

}  // namespace
}  // namespace hpcai::kernels
