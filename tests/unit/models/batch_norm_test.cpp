#include "hpcai/models/batch_norm.h"

#include <torch/types.h>

#include <barrier>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/models/synchronised_batch_norm.h"

namespace hpcai::models {
namespace {

// Sums over threads of one process, each of which plays a rank.
class FakeRanks {
 public:
  explicit FakeRanks(int count) : barrier_(count) {}

  void sum(at::Tensor& values) {
    {
      const std::lock_guard lock(mutex_);
      total_ = total_.defined() ? total_ + values : values.clone();
    }
    barrier_.arrive_and_wait();
    values.copy_(total_);
    barrier_.arrive_and_wait();
    total_ = at::Tensor();
    barrier_.arrive_and_wait();
  }

 private:
  std::mutex mutex_;
  std::barrier<> barrier_;
  at::Tensor total_;
};

struct Result {
  at::Tensor output, grad_input, grad_weight, grad_bias, running_mean, running_var;
};

Result run(BatchNorm& norm, const at::Tensor& values, const at::Tensor& grad_output) {
  const at::Tensor input = values.detach().clone().requires_grad_();
  const at::Tensor output = norm.forward(input);
  output.backward(grad_output);
  return {output.detach(), input.grad(), norm.weight.grad(), norm.bias.grad(), norm.running_mean, norm.running_var};
}

std::unique_ptr<BatchNorm> make_norm(BatchNormMode mode, const at::Tensor& weight, const at::Tensor& bias) {
  auto norm = std::make_unique<BatchNorm>(weight.numel(), mode, 1e-3, 0.1);
  norm->to(weight.scalar_type());
  const at::NoGradGuard no_grad;
  norm->weight.copy_(weight);
  norm->bias.copy_(bias);
  return norm;
}

// Ranks hold `sizes` samples each of one batch; compared with one rank that holds all.
void compare_with_one_rank(const std::vector<int64_t>& shape, const std::vector<int64_t>& sizes, at::ScalarType type,
                           double tolerance, at::MemoryFormat layout = at::MemoryFormat::Contiguous) {
  const at::Tensor input = (at::randn(shape, at::kDouble) * 3 + 20).to(type).contiguous(layout);
  const at::Tensor grad = at::randn(shape, at::kDouble).to(type).contiguous(layout);
  const at::Tensor weight = at::rand({shape[1]}, type) + 0.5, bias = at::randn({shape[1]}, type);
  const auto whole = make_norm(BatchNormMode::local, weight, bias);
  const Result expected = run(*whole, input, grad);

  FakeRanks ranks(static_cast<int>(sizes.size()));
  std::vector<Result> results(sizes.size());
  std::vector<std::thread> threads;
  const auto inputs = input.split_with_sizes(sizes), grads = grad.split_with_sizes(sizes);
  for (size_t rank = 0; rank < sizes.size(); ++rank) {
    threads.emplace_back([&, rank] {
      const auto norm = make_norm(BatchNormMode::synchronised, weight, bias);
      norm->synchronise([&](at::Tensor& values) { ranks.sum(values); });
      results[rank] = run(*norm, inputs[rank], grads[rank]);
    });
  }
  for (auto& thread : threads) thread.join();

  std::vector<at::Tensor> outputs, grad_inputs;
  at::Tensor grad_weight = at::zeros({shape[1]}, type), grad_bias = at::zeros({shape[1]}, type);
  for (const Result& result : results) {
    outputs.push_back(result.output);
    grad_inputs.push_back(result.grad_input);
    grad_weight += result.grad_weight;
    grad_bias += result.grad_bias;
    CHECK(at::allclose(result.running_mean, expected.running_mean, tolerance, tolerance));
    CHECK(at::allclose(result.running_var, expected.running_var, tolerance, tolerance));
  }
  CHECK(at::allclose(at::cat(outputs), expected.output, tolerance, tolerance));
  CHECK(at::allclose(at::cat(grad_inputs), expected.grad_input, tolerance, tolerance));
  CHECK(at::allclose(grad_weight, expected.grad_weight, tolerance, tolerance * 10));
  CHECK(at::allclose(grad_bias, expected.grad_bias, tolerance, tolerance * 10));
}

}  // namespace

TEST_CASE("synchronised batch norm on several ranks equals one rank with the whole batch") {
  at::manual_seed(1);
  compare_with_one_rank({8, 5}, {4, 4}, at::kDouble, 1e-9);
  compare_with_one_rank({6, 3, 17}, {2, 4}, at::kDouble, 1e-9);
  compare_with_one_rank({6, 4, 5, 7}, {1, 2, 3}, at::kDouble, 1e-9);
  compare_with_one_rank({6, 4, 5, 7}, {3, 3}, at::kFloat, 2e-4);
  compare_with_one_rank({6, 4, 5, 7}, {1, 5}, at::kFloat, 2e-4, at::MemoryFormat::ChannelsLast);
  compare_with_one_rank({9, 5}, {2, 3, 4}, at::kFloat, 2e-4);
}

TEST_CASE("synchronised batch norm works with a rank that has no samples") {
  at::manual_seed(2);
  compare_with_one_rank({5, 4, 3, 3}, {5, 0}, at::kDouble, 1e-9);
  compare_with_one_rank({5, 4, 3, 3}, {0, 5}, at::kFloat, 2e-4, at::MemoryFormat::ChannelsLast);
}

TEST_CASE("synchronised batch norm keeps the type and the layout of its input") {
  const auto norm = make_norm(BatchNormMode::synchronised, at::ones({4}), at::zeros({4}));
  norm->synchronise([](at::Tensor&) {});
  const at::Tensor input = at::randn({2, 4, 6, 6}).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  const at::Tensor output = norm->forward(input);
  CHECK(output.scalar_type() == at::kBFloat16);
  CHECK(output.is_contiguous(at::MemoryFormat::ChannelsLast));
  output.sum().backward();
  CHECK(input.grad().scalar_type() == at::kBFloat16);
}

TEST_CASE("the gradient of synchronised batch norm is the slope of its output") {
  at::manual_seed(3);
  const at::Tensor input = at::randn({4, 2, 3}, at::kDouble), weight = at::rand({2}, at::kDouble) + 0.5,
                   bias = at::randn({2}, at::kDouble);
  const at::Tensor grad = at::randn({4, 2, 3}, at::kDouble);
  const auto value = [&](const at::Tensor& x) {
    const auto sum = [](at::Tensor&) {};
    return (synchronised_batch_norm(x, weight, bias, {}, {}, 1e-3, 0.1, sum) * grad).sum().item<double>();
  };
  const auto norm = make_norm(BatchNormMode::synchronised, weight, bias);
  norm->synchronise([](at::Tensor&) {});
  const Result result = run(*norm, input, grad);
  constexpr double kStep = 1e-5;
  for (int64_t i = 0; i < input.numel(); ++i) {
    at::Tensor high = input.clone(), low = input.clone();
    high.view({-1})[i] += kStep;
    low.view({-1})[i] -= kStep;
    CHECK(result.grad_input.view({-1})[i].item<double>() == Approx((value(high) - value(low)) / (2 * kStep)).margin(1e-8));
  }
}

TEST_CASE("frozen batch norm uses the running statistics in training and leaves them as they are") {
  const auto norm = make_norm(BatchNormMode::frozen, at::full({3}, 2.0), at::full({3}, 0.5));
  norm->running_mean.fill_(4);
  norm->running_var.fill_(9 - 1e-3);
  const at::Tensor input = at::randn({5, 3, 7}) * 10;
  const Result result = run(*norm, input, at::ones({5, 3, 7}));
  CHECK(at::allclose(result.output, (input - 4) / 3 * 2 + 0.5, 1e-5, 1e-5));
  CHECK(at::allclose(result.grad_input, at::full({5, 3, 7}, 2.0 / 3)));
  CHECK(result.grad_bias.min().item<float>() == 35);
  CHECK(norm->running_mean.min().item<float>() == 4);
}

TEST_CASE("one value in a channel is refused in training and served in evaluation") {
  const at::Tensor lone = at::randn({1, 3, 1, 1});
  for (const BatchNormMode mode : {BatchNormMode::local, BatchNormMode::synchronised}) {
    const auto norm = make_norm(mode, at::ones({3}), at::zeros({3}));
    if (mode == BatchNormMode::synchronised) norm->synchronise([](at::Tensor&) {});
    CHECK_THROWS_AS(norm->forward(lone), Error);
    CHECK(norm->running_var.equal(at::ones({3})));
    norm->eval();
    CHECK(norm->forward(lone).isfinite().all().item<bool>());
  }
}

TEST_CASE("batch norm of mode none has no parameters and changes nothing") {
  BatchNorm norm(3, BatchNormMode::none, 1e-3, 0.1);
  CHECK(norm.parameters().empty());
  const at::Tensor input = at::randn({2, 3});
  CHECK(norm.forward(input).is_same(input));
}

}  // namespace hpcai::models
