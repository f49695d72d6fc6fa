#include "hpcai/kernels/norm_depthwise/norm_depthwise.h"

#include <catch2/catch.hpp>
#include <limits>
#include <tuple>

#include "autocast.h"
#include "hpcai/core/error.h"
#include "unit/kernels/convolution_check.h"
#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

struct Problem : ConvolutionProblem {
  NormTensors tensors;
};

Problem random_problem(int64_t batch, int64_t channels, int64_t height, int64_t width, at::ScalarType type = at::kFloat) {
  at::manual_seed(11);
  const std::vector<int64_t> shape{batch, channels, height, width};
  return {{.input = (at::randn(shape) * 2 + 1).contiguous(at::MemoryFormat::ChannelsLast).to(type),
           .weight = at::randn({channels, 1, 3, 3}),
           .grad = at::randn(shape).to(type)},
          random_norm(channels)};
}

// The convolution with its gradients, and the tensors of the norm with theirs.
struct Result {
  ConvolutionResult convolution;
  NormTensors tensors;
};

template <class Operator>
Result run_with_norm(const Problem& problem, at::ScalarType type, BatchNormOptions options, const Operator& depthwise) {
  options.eps = 1e-3;
  options.momentum = 0.1;
  Result result;
  if (options.norm != NormSource::none) result.tensors = copied(problem.tensors, type);
  result.convolution = run(problem, type, [&](const at::Tensor& input, const at::Tensor& weight) {
    return depthwise(input, weight, result.tensors, options);
  });
  return result;
}

// bfloat16 rounds the output once, and the gradient of the input twice. Sums, which are float32, are as good as those of float32.
void check_against_float64(const Problem& problem, const BatchNormOptions& options) {
  constexpr double kTolerance = 5e-6;
  const at::ScalarType type = problem.input.scalar_type();
  const Result value = run_with_norm(problem, type, options, norm_depthwise);
  CHECK(value.convolution.output.is_contiguous(at::MemoryFormat::ChannelsLast));
  const Result expected = run_with_norm(problem, at::kDouble, options, norm_depthwise_reference);
  check_close(value.convolution, expected.convolution, type == at::kBFloat16 ? 8e-3 : kTolerance, kTolerance);
  if (expected.tensors.gamma.defined()) check_close(value.tensors, expected.tensors, kTolerance);
}

}  // namespace

TEST_CASE("a depthwise convolution behind a norm, and its gradients, equal the plain ones in float64") {
  // one pixel, one row, rests of rows, half a vector of channels, several pieces of a sample
  const auto [batch, channels, height, width] = GENERATE(std::tuple(3, 8, 1, 1), std::tuple(2, 24, 1, 9), std::tuple(2, 40, 7, 2),
                                                         std::tuple(2, 16, 6, 11), std::tuple(3, 72, 40, 43));
  const auto source = GENERATE(NormSource::none, NormSource::running, NormSource::batch);
  const bool relu = GENERATE(false, true);
  const auto type = GENERATE(at::kFloat, at::kBFloat16);
  CAPTURE(batch, channels, height, width, static_cast<int>(source), relu, type);
  const Problem problem = random_problem(batch, channels, height, width, type);
  REQUIRE(norm_depthwise_supports(problem.input, problem.weight));
  check_against_float64(problem, {.norm = source, .relu = relu});
}

TEST_CASE("a depthwise convolution behind a norm is the same on each instruction set") {
  const Problem problem = random_problem(2, 40, 6, 11, GENERATE(at::kFloat, at::kBFloat16));
  for_each_instruction_set([&] { check_against_float64(problem, {.norm = NormSource::batch, .relu = true}); });
}

TEST_CASE("a depthwise convolution behind a norm keeps what is no number") {
  Problem problem = random_problem(1, 16, 6, 9);
  problem.input[0][3][2][4] = std::numeric_limits<float>::quiet_NaN();
  for_each_instruction_set([&] {
    const BatchNormOptions options{.norm = NormSource::running, .relu = true};
    const at::Tensor output = run_with_norm(problem, at::kFloat, options, norm_depthwise).convolution.output;
    CHECK(output[0][3].slice(0, 1, 4).slice(1, 3, 6).isnan().all().item<bool>());
    CHECK(output.isnan().sum().item<int64_t>() == 9);
  });
}

TEST_CASE("a depthwise convolution behind a norm takes the statistics of all ranks") {
  const auto sum = [](at::Tensor& values) { values.mul_(2); };  // two ranks with equal values
  check_against_float64(random_problem(2, 24, 9, 10), {.sum = sum, .relu = true});
}

TEST_CASE("a depthwise convolution behind a norm, of bfloat16 images, is the same under autocast") {
  const Problem problem = random_problem(2, 24, 9, 10, at::kBFloat16);
  const auto compute = [&] { return run_with_norm(problem, at::kBFloat16, {.relu = true}, norm_depthwise).convolution; };
  const ConvolutionResult plain = compute();
  const CpuAutocast autocast;
  check_equal(compute(), plain);
}

TEST_CASE("a depthwise convolution behind a norm does not depend on the number of threads") {
  const Problem problem = random_problem(2, 64, 50, 51);
  const auto convolution = [&](const at::Tensor& input, const at::Tensor& weight) {
    return norm_depthwise(input, weight, problem.tensors, {.norm = NormSource::batch, .eps = 1e-3, .relu = true});
  };
  check_equal(run_on_threads(3, problem, convolution), run_on_threads(1, problem, convolution));
}

TEST_CASE("a depthwise convolution behind a norm computes its gradients with a frozen input") {
  const Problem problem = random_problem(2, 16, 5, 5);
  const at::Tensor weight = problem.weight.clone().requires_grad_();
  NormTensors tensors = problem.tensors;
  tensors.gamma = tensors.gamma.clone().requires_grad_();
  norm_depthwise(problem.input, weight, tensors, {.norm = NormSource::batch, .eps = 1e-3}).backward(problem.grad);
  CHECK(weight.grad().defined());
  CHECK(tensors.gamma.grad().defined());
  CHECK_FALSE(problem.input.grad().defined());
}

TEST_CASE("a depthwise convolution behind a norm refuses what it cannot compute") {
  const Problem problem = random_problem(1, 16, 8, 8);
  CHECK_FALSE(norm_depthwise_supports(problem.input.contiguous(), problem.weight));
  CHECK_FALSE(norm_depthwise_supports(problem.input.to(at::kDouble), problem.weight));
  CHECK_FALSE(norm_depthwise_supports(problem.input, problem.weight.to(at::kBFloat16)));
  CHECK_FALSE(norm_depthwise_supports(problem.input, at::randn({16, 16, 3, 3})));
  CHECK_FALSE(norm_depthwise_supports(problem.input, at::randn({16, 1, 5, 5})));
  CHECK_FALSE(
      norm_depthwise_supports(at::randn({1, 12, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast), at::randn({12, 1, 3, 3})));
  CHECK_THROWS_AS(norm_depthwise(problem.input.contiguous(), problem.weight, problem.tensors, {}), c10::Error);
  const Problem lone = random_problem(1, 16, 1, 1);
  CHECK_THROWS_AS(norm_depthwise(lone.input, lone.weight, lone.tensors, {}), Error);
}

}  // namespace hpcai::kernels
