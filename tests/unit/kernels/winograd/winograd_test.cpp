#include "hpcai/kernels/winograd/winograd.h"

#include <catch2/catch.hpp>
#include <tuple>

#include "unit/kernels/convolution_check.h"

namespace hpcai::kernels {
namespace {

struct Problem : ConvolutionProblem {
  int64_t padding;
};

Problem random_problem(int64_t batch, int64_t in, int64_t out, int64_t height, int64_t width, int64_t padding) {
  at::manual_seed(3);
  return {{.input = (at::randn({batch, in, height, width}) + 0.5).contiguous(at::MemoryFormat::ChannelsLast),
           .weight = at::randn({out, in, 3, 3}),
           .grad = at::randn({batch, out, height + 2 * padding - 2, width + 2 * padding - 2})},
          padding};
}

void check_against_float64(const Problem& problem) {
  CAPTURE(problem.input.sizes(), problem.weight.sizes(), problem.padding);
  REQUIRE(winograd_supports(problem.input, problem.weight, problem.padding));
  const auto with_padding = [&](auto convolution) {
    return [&problem, convolution](const at::Tensor& input, const at::Tensor& weight) {
      return convolution(input, weight, problem.padding);
    };
  };
  check_close(run(problem, at::kFloat, with_padding(winograd)), run(problem, at::kDouble, with_padding(winograd_reference)),
              1e-4);  // bfloat16 rounds by 4e-3
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
  const auto convolution = [](const at::Tensor& input, const at::Tensor& weight) { return winograd(input, weight, 1); };
  check_equal(run_on_threads(3, problem, convolution), run_on_threads(1, problem, convolution));
}

TEST_CASE("Winograd's convolution of bfloat16 images equals the plain one in float64, but for one rounding of images") {
  const auto [height, width] = GENERATE(std::tuple(8, 8), std::tuple(7, 10), std::tuple(3, 3), std::tuple(45, 37));
  const int64_t padding = GENERATE(0, 1);
  const int threads = GENERATE(1, 3);
  CAPTURE(height, width, padding, threads);
  const ConvolutionProblem problem = as_stored(random_problem(2, 32, 48, height, width, padding));
  const ConvolutionResult value = run_on_threads(
      threads, problem,
      [&](const at::Tensor& input, const at::Tensor& weight) {
    REQUIRE(winograd_supports(input, weight, padding));
    return winograd(input, weight, padding);
      },
      at::kBFloat16);
  CHECK(value.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  check_stored(value,
               run(problem, at::kDouble,
                   [&](const at::Tensor& input, const at::Tensor& weight) { return winograd_reference(input, weight, padding); }),
               2e-4);
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
