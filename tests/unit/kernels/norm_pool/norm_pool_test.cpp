#include "hpcai/kernels/norm_pool/norm_pool.h"

#include <catch2/catch.hpp>
#include <limits>
#include <tuple>

#include "hpcai/core/error.h"
#include "unit/kernels/convolution_check.h"
#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

// The weight of the problem is gamma.
struct Problem : ConvolutionProblem {
  NormTensors tensors;
};

Problem random_problem(int64_t batch, int64_t channels, int64_t height, int64_t width, at::ScalarType type = at::kFloat) {
  at::manual_seed(12);
  const NormTensors tensors = random_norm(channels);
  return {{.input = (at::randn({batch, channels, height, width}) * 2 + 1).contiguous(at::MemoryFormat::ChannelsLast).to(type),
           .weight = tensors.gamma,
           .grad = at::randn({batch, channels, (height + 1) / 2, (width + 1) / 2}).to(type)},
          tensors};
}

struct Result {
  ConvolutionResult pool;
  NormTensors tensors;
};

template <class Pool>
Result run_pool(const Problem& problem, at::ScalarType type, BatchNormOptions options, PoolPadding padding, const Pool& pool) {
  options.eps = 1e-3;
  options.momentum = 0.1;
  Result result;
  result.tensors = copied(problem.tensors, type);
  result.pool = run(problem, type, [&](const at::Tensor& input, const at::Tensor& gamma) {
    result.tensors.gamma = gamma;
    return pool(input, result.tensors, options, padding);
  });
  return result;
}

// Sums, which are float32, are as good for images that are rounded to bfloat16.
void check_against_float64(const Problem& problem, const BatchNormOptions& options, PoolPadding padding) {
  constexpr double kTolerance = 5e-6;
  const at::ScalarType type = problem.input.scalar_type();
  const Result value = run_pool(problem, type, options, padding, norm_pool);
  const Result expected = run_pool(problem, at::kDouble, options, padding, norm_pool_reference);
  check_close(value.pool, expected.pool, type == at::kBFloat16 ? 4e-3 : kTolerance, kTolerance);
  check_close(value.tensors, expected.tensors, kTolerance);
}

}  // namespace

TEST_CASE("the pool without a norm is that of plain loops") {
  at::manual_seed(13);
  const int64_t height = GENERATE(1, 2, 5, 8), width = GENERATE(1, 4, 7), top = GENERATE(0, 1), left = GENERATE(0, 1);
  CAPTURE(height, width, top, left);
  const at::Tensor input = at::randn({1, 1, height, width}, at::kDouble), output = max_pool(input, {top, left});
  REQUIRE(output.sizes() == at::IntArrayRef({1, 1, (height + 1) / 2, (width + 1) / 2}));
  for (int64_t i = 0; i < output.size(2); ++i) {
    for (int64_t j = 0; j < output.size(3); ++j) {
      double largest = -std::numeric_limits<double>::infinity();
      for (int64_t row = std::max<int64_t>(0, 2 * i - top); row < std::min(height, 2 * i - top + 3); ++row) {
        for (int64_t column = std::max<int64_t>(0, 2 * j - left); column < std::min(width, 2 * j - left + 3); ++column) {
          largest = std::max(largest, input[0][0][row][column].item<double>());
        }
      }
      CHECK(output[0][0][i][j].item<double>() == largest);
    }
  }
}

TEST_CASE("a pool behind a norm, and its gradients, equal the plain ones in float64") {
  // one pixel, one row, even and odd sizes, half a vector of channels, several pieces of a sample
  const auto [batch, channels, height, width] =
      GENERATE(std::tuple(3, 8, 1, 1), std::tuple(2, 24, 1, 9), std::tuple(2, 16, 6, 11), std::tuple(2, 40, 8, 2),
               std::tuple(3, 72, 41, 40));
  const auto source = GENERATE(NormSource::running, NormSource::batch);
  const bool relu = GENERATE(false, true);
  const int64_t top = GENERATE(0, 1), left = GENERATE(0, 1);
  const auto type = GENERATE(at::kFloat, at::kBFloat16);
  CAPTURE(batch, channels, height, width, static_cast<int>(source), relu, top, left, type);
  const Problem problem = random_problem(batch, channels, height, width, type);
  REQUIRE(norm_pool_supports(problem.input));
  check_against_float64(problem, {.norm = source, .relu = relu}, {top, left});
}

TEST_CASE("a pool behind a norm is the same on each instruction set") {
  const Problem problem = random_problem(2, 40, 7, 10, GENERATE(at::kFloat, at::kBFloat16));
  for_each_instruction_set([&] { check_against_float64(problem, {.norm = NormSource::batch, .relu = true}, {1, 0}); });
}

TEST_CASE("a pool behind a norm takes the statistics of all ranks") {
  const auto sum = [](at::Tensor& values) { values.mul_(2); };  // two ranks with equal values
  check_against_float64(random_problem(2, 24, 9, 10), {.sum = sum, .relu = true}, {1, 0});
}

TEST_CASE("a pool behind a norm of equal values takes the first of them, and keeps what is no number") {
  Problem problem = random_problem(2, 16, 6, 6);
  problem.weight.zero_();
  const BatchNormOptions options{.norm = NormSource::running};
  const Result value = run_pool(problem, at::kFloat, options, {1, 1}, norm_pool);
  const Result expected = run_pool(problem, at::kDouble, options, {1, 1}, norm_pool_reference);
  CHECK(largest_error(value.pool.of_weight, expected.pool.of_weight) < 5e-6);  // depends on the pixel that was taken
  CHECK(value.pool.of_input.equal(at::zeros_like(value.pool.of_input)));
  problem.input.select(1, 3).select(1, 2).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor output =
      run_pool(problem, at::kFloat, {.norm = NormSource::running, .relu = true}, {1, 1}, norm_pool).pool.output;
  CHECK(output.select(1, 3).slice(1, 1, 2).isnan().all().item<bool>());
  CHECK(output.select(1, 4).isfinite().all().item<bool>());
}

TEST_CASE("a pool behind a norm does not depend on the number of threads") {
  const Problem problem = random_problem(2, 64, 50, 51);
  const auto pool = [&](const at::Tensor& input, const at::Tensor& gamma) {
    NormTensors tensors = problem.tensors;
    tensors.gamma = gamma;
    return norm_pool(input, tensors, {.norm = NormSource::batch, .eps = 1e-3}, {1, 1});
  };
  check_equal(run_on_threads(3, problem, pool), run_on_threads(1, problem, pool));
}

TEST_CASE("a pool behind a norm refuses what it cannot compute") {
  const Problem problem = random_problem(1, 16, 8, 8);
  CHECK_FALSE(norm_pool_supports(problem.input.contiguous()));
  CHECK_FALSE(norm_pool_supports(problem.input.to(at::kDouble)));
  CHECK_FALSE(norm_pool_supports(at::randn({1, 12, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast)));
  CHECK_THROWS_AS(norm_pool(problem.input.contiguous(), problem.tensors, {}, {1, 1}), c10::Error);
  CHECK_THROWS_AS(norm_pool(problem.input, problem.tensors, {.norm = NormSource::none}, {1, 1}), c10::Error);
  const Problem lone = random_problem(1, 16, 1, 1);
  CHECK_THROWS_AS(norm_pool(lone.input, lone.tensors, {}, {1, 1}), Error);
}

}  // namespace hpcai::kernels
