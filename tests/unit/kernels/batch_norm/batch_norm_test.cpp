#include "hpcai/kernels/batch_norm/batch_norm.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>
#include <utility>

#include "autocast.h"
#include "hpcai/core/error.h"
#include "test_device.h"
#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

BatchNormOptions options_of(BatchNormOptions options) {
  options.eps = kEps;
  options.momentum = kMomentum;
  return options;
}

struct Result {
  at::Tensor output, d_input, d_gamma, d_beta, running_mean, running_var;
};

struct Problem {
  at::Tensor input, grad;
  NormTensors tensors;
};

// The input and the gradient are rounded to `type`.
Problem random_problem(const std::vector<int64_t>& shape, at::ScalarType type = at::kFloat) {
  const int64_t channels = shape[1];
  const auto layout = shape.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return {.input = (at::randn(shape) * 2 + 3).contiguous(layout).to(type),
          .grad = at::randn(shape).contiguous(layout).to(type),
          .tensors = {.gamma = at::rand({channels}) + 0.5,
                      .beta = at::randn({channels}) * 0.3,
                      .running_mean = at::randn({channels}),
                      .running_var = at::rand({channels}) + 0.5}};
}

// The values of `type` and the channels' tensors of `channel_type`, computed on `device`; the result is on the CPU.
template <class Norm>
Result run(const Problem& problem, at::Device device, at::ScalarType type, at::ScalarType channel_type, const Norm& norm) {
  const auto copied = [&](const at::Tensor& tensor, at::ScalarType as) { return tensor.detach().to(device, as, false, true); };
  const NormTensors tensors{.gamma = copied(problem.tensors.gamma, channel_type).requires_grad_(),
                            .beta = copied(problem.tensors.beta, channel_type).requires_grad_(),
                            .running_mean = copied(problem.tensors.running_mean, channel_type),
                            .running_var = copied(problem.tensors.running_var, channel_type)};
  const at::Tensor input = copied(problem.input, type).requires_grad_(), output = norm(input, tensors);
  REQUIRE(output.scalar_type() == type);
  (output * problem.grad.to(device, type))
      .sum()
      .backward();  // nobody holds the gradient of the output, which may be written over
  return {.output = output.detach().cpu(),
          .d_input = input.grad().cpu(),
          .d_gamma = tensors.gamma.grad().cpu(),
          .d_beta = tensors.beta.grad().cpu(),
          .running_mean = tensors.running_mean.cpu(),
          .running_var = tensors.running_var.cpu()};
}

Result fused(const Problem& problem, const BatchNormOptions& options, at::ScalarType type = at::kFloat) {
  return run(problem, test_device(), type, at::kFloat, [&](const at::Tensor& input, const NormTensors& tensors) {
    REQUIRE(batch_norm_supports(input, tensors));
    return batch_norm(input, tensors, options);
  });
}

// batch_norm_reference in float64.
Result reference(const Problem& problem, const BatchNormOptions& options) {
  return run(problem, at::kCPU, at::kDouble, at::kDouble,
             [&](const at::Tensor& input, const NormTensors& tensors) { return batch_norm_reference(input, tensors, options); });
}

void check_close(const at::Tensor& value, const at::Tensor& expected, const char* name, double tolerance) {
  INFO(name);
  const double scale = expected.abs().max().item<double>() + 1e-3;
  CHECK((value.to(at::kDouble) - expected).abs().max().item<double>() < tolerance * scale);
}

void check_close(const Result& value, const Result& expected, double of_input, double tolerance) {
  check_close(value.output, expected.output, "output", of_input);
  check_close(value.d_input, expected.d_input, "gradient of the input", of_input);
  check_close(value.d_gamma, expected.d_gamma, "gradient of gamma", tolerance);
  check_close(value.d_beta, expected.d_beta, "gradient of beta", tolerance);
  check_close(value.running_mean, expected.running_mean, "running mean", tolerance);
  check_close(value.running_var, expected.running_var, "running variance", tolerance);
}
void check_close(const Result& value, const Result& expected, double tolerance = 3e-6) {
  check_close(value, expected, tolerance, tolerance);
}

}  // namespace

TEST_CASE("the reference of batch norm is LibTorch's batch norm and ReLU") {
  at::manual_seed(7);
  const auto shape = GENERATE(std::vector<int64_t>{40, 6}, std::vector<int64_t>{3, 6, 4, 5});
  const Problem problem = random_problem(shape);
  for (const auto source : {NormSource::batch, NormSource::running}) {
    for (const bool relu : {false, true}) {
      const Result expected =
          run(problem, at::kCPU, at::kDouble, at::kDouble, [&](const at::Tensor& input, const NormTensors& tensors) {
            const at::Tensor y = at::batch_norm(input, tensors.gamma, tensors.beta, tensors.running_mean, tensors.running_var,
                                                source == NormSource::batch, kMomentum, kEps, false);
            return relu ? y.relu() : y;
          });
      check_close(reference(problem, options_of({.norm = source, .relu = relu})), expected, 1e-12);
    }
  }
}

TEST_CASE("the reference of batch norm takes other layouts and types, and no norm at all") {
  at::manual_seed(8);
  const Problem problem = random_problem({30, 4, 5});
  const BatchNormOptions options = options_of({.norm = NormSource::running});
  const at::Tensor narrow = problem.input.to(at::kBFloat16), output = batch_norm_reference(narrow, problem.tensors, options);
  CHECK(output.scalar_type() == at::kBFloat16);
  CHECK(at::allclose(output, batch_norm_reference(narrow.to(at::kFloat), problem.tensors, options).to(at::kBFloat16)));
  CHECK(batch_norm_reference(problem.input, {}, options_of({.norm = NormSource::none})).equal(problem.input));
  CHECK_THROWS_AS(batch_norm_reference(at::zeros({1, 4}), problem.tensors, options_of({})), Error);
}

TEST_CASE("batch norm, with and without a ReLU, is its reference in float64 to float32's rounding", "[gpu]") {
  at::manual_seed(1);
  // rows and channels that do and do not fill vectors; one and many blocks
  const auto shape = GENERATE(std::vector<int64_t>{7, 5}, std::vector<int64_t>{64, 16}, std::vector<int64_t>{2, 6, 3, 5},
                              std::vector<int64_t>{5, 24, 33, 31}, std::vector<int64_t>{3, 137, 9, 8},
                              std::vector<int64_t>{4, 1, 40, 40}, std::vector<int64_t>{1, 1031, 3, 3});
  const Problem problem = random_problem(shape);
  for (const auto source : {NormSource::batch, NormSource::running}) {
    for (const bool relu : {false, true}) {
      INFO("shape " << c10::str(at::IntArrayRef(shape)) << ", relu " << relu << ", from batch " << (source == NormSource::batch));
      const BatchNormOptions options = options_of({.norm = source, .relu = relu});
      check_close(fused(problem, options), reference(problem, options));
    }
  }
}

TEST_CASE("batch norm of narrow values is its reference in float64 to their rounding", "[gpu]") {
  const bool on_gpu = test_device().is_cuda();
  at::manual_seed(4);
  const auto shape =
      GENERATE(std::vector<int64_t>{64, 16}, std::vector<int64_t>{2, 6, 3, 5}, std::vector<int64_t>{5, 24, 33, 31},
               std::vector<int64_t>{3, 728, 19, 19}, std::vector<int64_t>{2, 2048, 7, 7}, std::vector<int64_t>{64, 64, 56, 56});
  const auto type = on_gpu ? GENERATE(at::kBFloat16, at::kHalf) : at::kBFloat16;
  const double of_sums = on_gpu ? 1e-2 : 1e-5;
  Problem problem = random_problem(shape, type);
  // Values that rounding can carry over the edge of the ReLU get no gradient, so that both sides agree on the others.
  const BatchNormOptions linear = options_of({}), cut = options_of({.relu = true});
  const Result plain = reference(problem, linear);
  check_close(fused(problem, linear, type), plain, 1e-2, of_sums);
  problem.grad = problem.grad * (plain.output.abs() > 0.02).to(type);
  check_close(fused(problem, cut, type), reference(problem, cut), 1e-2, of_sums);
}

// The ReLU cuts where it does for the float64 values, because all of the arithmetic is float32.
TEST_CASE("batch norm of bfloat16 on CPUs rounds its results once, on each instruction set") {
  at::manual_seed(10);
  const auto shape = GENERATE(std::vector<int64_t>{7, 5}, std::vector<int64_t>{4, 1, 40, 40}, std::vector<int64_t>{3, 137, 9, 8},
                              std::vector<int64_t>{1, 1031, 3, 3}, std::vector<int64_t>{5, 24, 33, 31});
  const bool relu = GENERATE(false, true);
  INFO("shape " << c10::str(at::IntArrayRef(shape)) << ", relu " << relu);
  Problem problem = random_problem(shape, at::kBFloat16);
  const BatchNormOptions options = options_of({.relu = relu});
  const Result expected = reference(problem, options);
  for_each_instruction_set([&] {
    const auto norm = [&](const at::Tensor& input, const NormTensors& tensors) { return batch_norm(input, tensors, options); };
    check_close(run(problem, at::kCPU, at::kBFloat16, at::kFloat, norm), expected, 4e-3, 1e-5);
  });
  problem.input.select(1, 0).fill_(std::numeric_limits<float>::quiet_NaN());
  for_each_instruction_set([&] {
    const at::Tensor output = batch_norm(problem.input, problem.tensors, options);
    CHECK(output.select(1, 0).isnan().all().item<bool>());
    CHECK(output.narrow(1, 1, shape[1] - 1).isfinite().all().item<bool>());
  });
}

TEST_CASE("batch norm of bfloat16 is the same under autocast") {
  at::manual_seed(11);
  const Problem problem = random_problem({5, 24, 33, 31}, at::kBFloat16);
  const auto compute = [&] {
    return run(problem, at::kCPU, at::kBFloat16, at::kFloat, [&](const at::Tensor& input, const NormTensors& tensors) {
      return batch_norm_add(batch_norm(input, tensors, options_of({.relu = true})), input, tensors, options_of({.relu = true}));
    });
  };
  const Result plain = compute();
  const CpuAutocast autocast;
  const Result under_autocast = compute();
  CHECK(under_autocast.output.equal(plain.output));
  CHECK(under_autocast.d_input.equal(plain.d_input));
  CHECK(under_autocast.d_gamma.equal(plain.d_gamma));
}

TEST_CASE("an offset that batch norm cancels, on GPUs, shows in the running mean only", "[gpu]") {
  if (!test_device().is_cuda()) return;
  at::manual_seed(5);
  const Problem problem = random_problem({3000, 64});
  const at::Tensor offset = at::randn({64});
  Problem moved = problem;
  moved.input = problem.input + offset;
  at::Tensor gradient;
  const Result found =
      run(problem, test_device(), at::kFloat, at::kFloat, [&](const at::Tensor& input, const NormTensors& tensors) {
        const at::Tensor here = offset.to(test_device()).requires_grad_();
        const at::Tensor output = batch_norm(input, tensors, options_of({.relu = true, .offset = here}));
        gradient = here.mutable_grad() = at::ones_like(here);
        return output;
      });
  check_close(found, reference(moved, options_of({.relu = true})), 1e-5);
  CHECK(gradient.equal(at::ones_like(gradient)));  // nothing was added
}

TEST_CASE("batch norm over two ranks with equal values is that of one rank with all of them", "[gpu]") {
  at::manual_seed(6);
  const auto shape =
      GENERATE(std::vector<int64_t>{700, 16}, std::vector<int64_t>{4, 24, 13, 11}, std::vector<int64_t>{3, 7, 6, 5});
  const Problem half = random_problem(shape);
  Problem whole = half;
  whole.input = at::cat({half.input, half.input});
  whole.grad = at::cat({half.grad, half.grad});
  const auto sum = [](at::Tensor& values) { values.mul_(2); };
  const Result found = fused(half, options_of({.sum = sum, .relu = true}));
  const Result plain = reference(half, options_of({.sum = sum, .relu = true}));
  Result expected = reference(whole, options_of({.relu = true}));
  expected.output = expected.output.narrow(0, 0, shape[0]);
  expected.d_input = expected.d_input.narrow(0, 0, shape[0]);
  expected.d_gamma = expected.d_gamma / 2;  // each rank has its own part
  expected.d_beta = expected.d_beta / 2;
  check_close(found, expected, 1e-5);
  check_close(plain, expected, 1e-12);
}

TEST_CASE("batch norm keeps its digits where the mean is a thousand deviations away", "[gpu]") {
  at::manual_seed(2);
  Problem problem = random_problem({8, 12, 20, 20});
  problem.input = problem.input + 2000;
  const BatchNormOptions options = options_of({});
  const at::Tensor expected = reference(problem, options).output;
  // One rounding of the input itself is 2000 * 6e-8 of a deviation of 2.
  CHECK((fused(problem, options).output.to(at::kDouble) - expected).abs().max().item<double>() < 5e-4);
}

TEST_CASE("batch norm with an addend, and its gradients, equal the plain ones in float64") {
  at::manual_seed(9);
  const auto shape = GENERATE(std::vector<int64_t>{7, 5}, std::vector<int64_t>{2, 6, 3, 5}, std::vector<int64_t>{5, 24, 33, 31});
  const auto source = GENERATE(NormSource::batch, NormSource::running);
  const bool relu = GENERATE(false, true);
  const auto type = GENERATE(at::kFloat, at::kBFloat16);
  INFO("shape " << c10::str(at::IntArrayRef(shape)) << ", relu " << relu << ", from batch " << (source == NormSource::batch)
                << ", type " << type);
  const Problem problem = random_problem(shape, type);
  const at::Tensor addend = at::empty_like(problem.input).normal_();
  const BatchNormOptions options = options_of({.norm = source, .relu = relu});
  const auto run_in = [&](at::ScalarType as, at::ScalarType channel_type, const auto& norm) {
    const at::Tensor added = addend.to(as, false, /*copy=*/true).requires_grad_();
    const Result result = run(problem, at::kCPU, as, channel_type, [&](const at::Tensor& input, const NormTensors& tensors) {
      return norm(input, added, tensors, options);
    });
    return std::pair(result, added.grad());
  };
  const auto [expected, expected_of_addend] = run_in(at::kDouble, at::kDouble, batch_norm_add_reference);
  for_each_instruction_set([&, &expected = expected, &expected_of_addend = expected_of_addend] {
    const auto [value, of_addend] = run_in(type, at::kFloat, batch_norm_add);
    check_close(value, expected, type == at::kBFloat16 ? 4e-3 : 3e-6, 3e-6);
    CHECK(of_addend.to(at::kDouble).equal(expected_of_addend));  // nothing is computed
  });
}

TEST_CASE("batch norm leaves an addend of another layout or size to others") {
  const Problem problem = random_problem({2, 6, 3, 5});
  CHECK(batch_norm_add_supports(problem.input, at::empty_like(problem.input), problem.tensors));
  CHECK_FALSE(batch_norm_add_supports(problem.input, problem.input.contiguous(), problem.tensors));
  CHECK_FALSE(batch_norm_add_supports(problem.input, problem.input.narrow(0, 0, 1), problem.tensors));
  CHECK_FALSE(batch_norm_add_supports(problem.input, problem.input.to(at::kDouble), problem.tensors));
  CHECK_FALSE(batch_norm_add_supports(problem.input, problem.input.to(at::kBFloat16), problem.tensors));
  CHECK_FALSE(batch_norm_add_supports(problem.input.to(at::kBFloat16), problem.input, problem.tensors));
}

TEST_CASE("batch norm does not depend on the number of threads") {
  at::manual_seed(3);
  const Problem problem = random_problem({6, 24, 40, 40});
  const BatchNormOptions options = options_of({.relu = true});
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

TEST_CASE("batch norm lets values that are no numbers through its ReLU", "[gpu]") {
  Problem problem = random_problem({4, 3, 5, 5});
  problem.input.select(0, 0).select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor output = fused(problem, options_of({.relu = true})).output;
  CHECK(output.select(1, 1).isnan().all().item<bool>());
  CHECK(output.select(1, 0).isfinite().all().item<bool>());
}

TEST_CASE("batch norm leaves other layouts, types and devices to others") {
  const NormTensors tensors{
      .gamma = at::ones({3}), .beta = at::zeros({3}), .running_mean = at::zeros({3}), .running_var = at::ones({3})};
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3, 4}), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3, 4, 4}), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3}, at::kDouble), tensors));
  CHECK_FALSE(batch_norm_supports(at::zeros({3, 2}).t(), tensors));
  NormTensors narrow = tensors;
  narrow.gamma = tensors.gamma.to(at::kBFloat16);
  CHECK_FALSE(batch_norm_supports(at::zeros({2, 3}, at::kBFloat16), narrow));
  CHECK_THROWS_AS(batch_norm(at::zeros({1, 3}), tensors, options_of({})), Error);
}

}  // namespace hpcai::kernels
