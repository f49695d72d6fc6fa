#include "hpcai/kernels/winograd/winograd.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <tuple>

namespace hpcai::kernels {
namespace {

struct Problem {
  at::Tensor input, weight, grad;
  int64_t padding;
};

Problem random_problem(int64_t batch, int64_t in, int64_t out, int64_t height, int64_t width, int64_t padding) {
  at::manual_seed(3);
  return {.input = (at::randn({batch, in, height, width}) + 0.5).contiguous(at::MemoryFormat::ChannelsLast),
          .weight = at::randn({out, in, 3, 3}),
          .grad = at::randn({batch, out, height + 2 * padding - 2, width + 2 * padding - 2}),
          .padding = padding};
}

struct Result {
  at::Tensor output, of_input, of_weight;
};

template <class Convolution>
Result run(const Problem& problem, at::ScalarType type, const Convolution& convolution) {
  const auto copied = [&](const at::Tensor& tensor) { return tensor.detach().to(type, false, /*copy=*/true); };
  const at::Tensor input = copied(problem.input).requires_grad_(), weight = copied(problem.weight).requires_grad_();
  const at::Tensor output = convolution(input, weight, problem.padding);
  output.backward(problem.grad.to(type));
  return {.output = output.detach(), .of_input = input.grad(), .of_weight = weight.grad()};
}

double largest_error(const at::Tensor& value, const at::Tensor& expected) {
  REQUIRE(value.sizes() == expected.sizes());
  return ((value.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

void check_against_float64(const Problem& problem) {
  CAPTURE(problem.input.sizes(), problem.weight.sizes(), problem.padding);
  REQUIRE(winograd_supports(problem.input, problem.weight, problem.padding));
  const Result value = run(problem, at::kFloat, winograd), expected = run(problem, at::kDouble, winograd_reference);
  constexpr double kTolerance = 1e-4;  // bfloat16 rounds by 4e-3
  CHECK(largest_error(value.output, expected.output) < kTolerance);
  CHECK(largest_error(value.of_input, expected.of_input) < kTolerance);
  CHECK(largest_error(value.of_weight, expected.of_weight) < kTolerance);
}

TEST_CASE("Winograd's convolution and its gradients equal the plain ones in float64") {
  const auto [height, width] = GENERATE(std::tuple(8, 8), std::tuple(7, 10), std::tuple(3, 3), std::tuple(5, 17));
  const int64_t padding = GENERATE(0, 1);
  check_against_float64(random_problem(2, 32, 48, height, width, padding));
}

TEST_CASE("Winograd's convolution takes one sample, one panel of channels and many chunks of tiles") {
  check_against_float64(random_problem(1, 16, 16, 1, 1, 1));
  check_against_float64(random_problem(1, 16, 80, 9, 6, 1));
  check_against_float64(random_problem(3, 16, 32, 45, 37, 0));
}

TEST_CASE("Winograd's convolution takes weights in any layout") {
  Problem problem = random_problem(2, 32, 16, 9, 9, 1);
  problem.weight = problem.weight.contiguous(at::MemoryFormat::ChannelsLast);
  check_against_float64(problem);
}

TEST_CASE("Winograd's convolution does not depend on the number of threads") {
  const Problem problem = random_problem(2, 32, 64, 30, 31, 1);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Result one = run(problem, at::kFloat, winograd);
  at::set_num_threads(3);
  const Result three = run(problem, at::kFloat, winograd);
  at::set_num_threads(threads);
  CHECK(one.output.equal(three.output));
  CHECK(one.of_input.equal(three.of_input));
  CHECK(one.of_weight.equal(three.of_weight));
}

TEST_CASE("Winograd's convolution refuses what it cannot compute") {
  const Problem problem = random_problem(1, 16, 16, 8, 8, 1);
  CHECK_FALSE(winograd_supports(problem.input.contiguous(), problem.weight, 1));
  CHECK_FALSE(winograd_supports(problem.input.to(at::kDouble), problem.weight, 1));
  CHECK_FALSE(winograd_supports(problem.input, problem.weight, 2));
  CHECK_FALSE(winograd_supports(problem.input, at::randn({8, 16, 3, 3}), 1));
  CHECK_FALSE(winograd_supports(problem.input, at::randn({16, 16, 5, 5}), 1));
  CHECK_THROWS_AS(winograd(problem.input.contiguous(), problem.weight, 1), c10::Error);
}

}  // namespace
}  // namespace hpcai::kernels
