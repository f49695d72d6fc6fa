#include "hpcai/kernels/time_tail/time_tail.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

TimeTailTensors random_tail(int64_t channels, int64_t width, NormSource source) {
  TimeTailTensors tail;
  tail.wide_weight = at::randn({width, channels, 1}) / std::sqrt(channels);
  tail.wide_bias = at::randn({width}) * 0.1;
  if (source != NormSource::none) {
    tail.wide_norm = {.gamma = at::rand({width}) + 0.5,
                      .beta = at::randn({width}) * 0.3,
                      .running_mean = at::randn({width}) * 0.2,
                      .running_var = at::rand({width}) + 0.5};
  }
  tail.thin_weight = at::randn({1, width, 1}) / std::sqrt(width);
  tail.thin_bias = at::randn({1});
  return tail;
}

std::vector<at::Tensor*> parameters(TimeTailTensors& t) {
  if (!t.wide_norm.gamma.defined()) return {&t.wide_weight, &t.wide_bias, &t.thin_weight, &t.thin_bias};
  return {&t.wide_weight, &t.wide_bias, &t.wide_norm.gamma, &t.wide_norm.beta, &t.thin_weight, &t.thin_bias};
}

TimeTailTensors copy(TimeTailTensors tail, at::ScalarType type) {
  for (at::Tensor* tensor : parameters(tail)) *tensor = tensor->detach().to(type, false, true).requires_grad_();
  if (tail.wide_norm.gamma.defined()) {
    tail.wide_norm.running_mean = tail.wide_norm.running_mean.to(type, false, true);
    tail.wide_norm.running_var = tail.wide_norm.running_var.to(type, false, true);
  }
  return tail;
}

double difference(const at::Tensor& found, const at::Tensor& expected) {
  const double scale = std::max(1e-3, expected.abs().max().item<double>());
  return (found.detach().to(at::kDouble) - expected.detach()).abs().max().item<double>() / scale;
}

// Compares the fused tail in float32 with the reference in float64.
void compare(at::IntArrayRef shape, int64_t width, NormSource source, double dropout, const Sum& sum = {}) {
  at::manual_seed(shape[1]);
  const TimeTailTensors tail = random_tail(shape[2], width, source);
  const at::Tensor skips = at::randn(shape) + 0.2, grad = at::randn({shape[0], shape[1]});
  TimeTailOptions options{.norm = source, .eps = kEps, .momentum = kMomentum, .sum = sum, .dropout = dropout};
  for (int64_t i = 0; i < shape[0]; ++i) {
    options.keys.push_back({.first = static_cast<uint32_t>(77 * i + 5), .second = static_cast<uint32_t>(i)});
  }

  TimeTailTensors fused = copy(tail, at::kFloat), plain = copy(tail, at::kDouble);
  const at::Tensor a = skips.detach().clone().requires_grad_(), b = skips.to(at::kDouble).requires_grad_();
  const at::Tensor found = time_tail(a, fused, options), expected = time_tail_reference(b, plain, options);
  found.backward(grad);
  expected.backward(grad.to(at::kDouble));
  INFO("width " << width << ", source " << static_cast<int>(source) << ", dropout " << dropout);
  CHECK(difference(found, expected) < 1e-5);
  CHECK(difference(a.grad(), b.grad()) < 1e-4);
  auto p = parameters(fused), q = parameters(plain);
  for (size_t i = 0; i < p.size(); ++i) {
    INFO("parameter " << i);
    CHECK(difference(p[i]->grad(), q[i]->grad()) < 1e-4);
  }
  if (source == NormSource::none) return;
  CHECK(difference(fused.wide_norm.running_mean, plain.wide_norm.running_mean) < 1e-5);
  CHECK(difference(fused.wide_norm.running_var, plain.wide_norm.running_var) < 1e-5);
}

}  // namespace

TEST_CASE("the fused tail, its gradients and running statistics are those of the reference in float64") {
  for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
    compare({3, 70, 16}, 32, source, 0);
    compare({2, 5000, 16}, 128, source, 0.2);
  }
}

TEST_CASE("the fused tail and its reference agree on the statistics of all ranks") {
  int sums = 0;  // of two ranks with equal values
  compare({2, 90, 16}, 48, NormSource::batch, 0.2, [&](at::Tensor& values) {
    values.mul_(2);
    ++sums;
  });
  CHECK(sums > 0);
}

TEST_CASE("the reference of the tail takes any number of channels, and refuses a dropout without keys") {
  at::manual_seed(2);
  const TimeTailTensors tail = random_tail(3, 5, NormSource::none);
  const at::Tensor skips = at::randn({2, 7, 3});
  const at::Tensor wide = at::matmul(skips.clamp_min(0), tail.wide_weight.squeeze(2).t()) + tail.wide_bias;
  const at::Tensor expected = (wide.clamp_min(0) * tail.thin_weight.view({1, 1, 5})).sum(2) + tail.thin_bias;
  CHECK(at::allclose(time_tail_reference(skips, tail, {.norm = NormSource::none}), expected, 1e-5, 1e-6));
  CHECK_THROWS_AS(time_tail_reference(skips, tail, {.norm = NormSource::none, .dropout = 0.5}), c10::Error);
}

TEST_CASE("a value that is no number stays visible behind the fused tail") {
  at::manual_seed(1);
  const TimeTailTensors tail = random_tail(16, 32, NormSource::running);
  at::Tensor skips = at::randn({2, 100, 16});
  skips[1][50][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor output = time_tail(skips, tail, {.norm = NormSource::running, .eps = kEps});
  CHECK(output.isnan().sum().item<int64_t>() == 1);
  CHECK(output[1].isnan()[50].item<bool>());
}

}  // namespace hpcai::kernels
