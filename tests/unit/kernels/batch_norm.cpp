#include "hpcai/kernels/batch_norm.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/core/error.h"

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

struct Result {
  at::Tensor output, d_input, d_gamma, d_beta, running_mean, running_var;
};

struct Problem {
  at::Tensor input, grad;
  NormTensors tensors;
};

Problem random_problem(const std::vector<int64_t>& shape) {
  const int64_t channels = shape[1];
  const auto layout = shape.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return {(at::randn(shape) * 2 + 3).contiguous(layout), at::randn(shape).contiguous(layout),
          {at::rand({channels}) + 0.5, at::randn({channels}) * 0.3, at::randn({channels}), at::rand({channels}) + 0.5}};
}

template <class Norm>
Result run(const Problem& problem, at::ScalarType type, const Norm& norm) {
  const auto leaf = [&](const at::Tensor& tensor) { return tensor.detach().to(type, false, true).requires_grad_(); };
  const NormTensors tensors{leaf(problem.tensors.gamma), leaf(problem.tensors.beta), problem.tensors.running_mean.to(type, false, true),
                            problem.tensors.running_var.to(type, false, true)};
  const at::Tensor input = leaf(problem.input), output = norm(input, tensors);
  output.backward(problem.grad.to(type));
  return {output.detach(), input.grad(), tensors.gamma.grad(), tensors.beta.grad(), tensors.running_mean, tensors.running_var};
}

Result fused(const Problem& problem, const BatchNormOptions& options) {
  return run(problem, at::kFloat, [&](const at::Tensor& input, const NormTensors& tensors) {
    REQUIRE(batch_norm_supports(input, tensors));
    return batch_norm(input, tensors, options);
  });
}

// LibTorch's, in float64.
Result reference(const Problem& problem, const BatchNormOptions& options) {
  return run(problem, at::kDouble, [&](const at::Tensor& input, const NormTensors& tensors) {
    const at::Tensor y = at::batch_norm(input, tensors.gamma, tensors.beta, tensors.running_mean, tensors.running_var,
                                        options.source == NormSource::batch, kMomentum, kEps, false);
    return options.relu ? y.relu() : y;
  });
}

void check_close(const at::Tensor& value, const at::Tensor& expected, const char* name) {
  INFO(name);
  const double scale = expected.abs().max().item<double>() + 1e-3;
  CHECK((value.to(at::kDouble) - expected).abs().max().item<double>() < 3e-6 * scale);
}

void check_close(const Result& value, const Result& expected) {
  check_close(value.output, expected.output, "output");
  check_close(value.d_input, expected.d_input, "gradient of the input");
  check_close(value.d_gamma, expected.d_gamma, "gradient of gamma");
  check_close(value.d_beta, expected.d_beta, "gradient of beta");
  check_close(value.running_mean, expected.running_mean, "running mean");
  check_close(value.running_var, expected.running_var, "running variance");
}

}  // namespace

TEST_CASE("batch norm, with and without a ReLU, is LibTorch's in float64 to float32's rounding") {
  at::manual_seed(1);
  // rows and channels that do and do not fill vectors; one and many blocks
  const auto shape = GENERATE(std::vector<int64_t>{7, 5}, std::vector<int64_t>{64, 16}, std::vector<int64_t>{2, 6, 3, 5},
                              std::vector<int64_t>{5, 24, 33, 31}, std::vector<int64_t>{3, 137, 9, 8}, std::vector<int64_t>{4, 1, 40, 40},
                              std::vector<int64_t>{1, 1031, 3, 3});
  const Problem problem = random_problem(shape);
  for (const auto source : {NormSource::batch, NormSource::running}) {
    for (const bool relu : {false, true}) {
      INFO("shape " << c10::str(at::IntArrayRef(shape)) << ", relu " << relu << ", from batch " << (source == NormSource::batch));
      const BatchNormOptions options{source, kEps, kMomentum, {}, relu};
      check_close(fused(problem, options), reference(problem, options));
    }
  }
}

TEST_CASE("batch norm keeps its digits where the mean is a thousand deviations away") {
  at::manual_seed(2);
  Problem problem = random_problem({8, 12, 20, 20});
  problem.input = problem.input + 2000;
  const BatchNormOptions options{NormSource::batch, kEps, kMomentum, {}, false};
  const at::Tensor expected = reference(problem, options).output;
  // One rounding of the input itself is 2000 * 6e-8 of a deviation of 2.
  CHECK((fused(problem, options).output.to(at::kDouble) - expected).abs().max().item<double>() < 5e-4);
}

TEST_CASE("batch norm does not depend on the number of threads") {
  at::manual_seed(3);
  const Problem problem = random_problem({6, 24, 40, 40});
  const BatchNormOptions options{NormSource::batch, kEps, kMomentum, {}, true};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Result one = fused(problem, options);
  at::set_num_threads(3);
  const Result three = fused(problem, options);
  at::set_num_threads(threads);
  CHECK(one.output.equal(three.output));
  CHECK(one.d_input.equal(three.d_input));
  CHECK(one.d_gamma.equal(three.d_gamma));
  CHECK(one.running_var.equal(three.running_var));
}

TEST_CASE("batch norm lets values that are no numbers through its ReLU") {
  Problem problem = random_problem({4, 3, 5, 5});
  problem.input.select(0, 0).select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor output = batch_norm(problem.input, problem.tensors, {NormSource::batch, kEps, kMomentum, {}, true});
  CHECK(output.select(1, 1).isnan().all().item<bool>());
  CHECK(output.select(1, 0).isfinite().all().item<bool>());
}

TEST_CASE("batch norm leaves other layouts, types and devices to others") {
  const NormTensors tensors{at::ones({3}), at::zeros({3}), at::zeros({3}), at::ones({3})};
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3, 4}), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3, 4, 4}), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3}, at::kDouble), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({3, 2}).t(), tensors));
  CHECK_THROWS_AS(batch_norm(at::zeros({1, 3}), tensors, {NormSource::batch, kEps, kMomentum, {}, false}), Error);
}

}  // namespace hpcai::kernels
