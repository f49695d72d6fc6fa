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
    tail.wide_norm = {at::rand({width}) + 0.5, at::randn({width}) * 0.3, at::randn({width}) * 0.2, at::rand({width}) + 0.5};
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

at::Tensor mask_of(const TimeTailOptions& options, at::IntArrayRef shape) {
  at::Tensor mask = at::ones(shape, at::kDouble);
  if (options.dropout == 0) return mask;
  const int64_t values = shape[1] * shape[2];
  for (int64_t sample = 0; sample < shape[0]; ++sample) {
    double* const row = mask.data_ptr<double>() + sample * values;
    for (int64_t i = 0; i < values; ++i) {
      const bool off = dropped(options.keys[sample], static_cast<uint32_t>(i), dropout_threshold(options.dropout));
      row[i] = off ? 0 : 1 / (1 - options.dropout);
    }
  }
  return mask;
}

at::Tensor reference(const at::Tensor& skips, const TimeTailTensors& t, const TimeTailOptions& options) {
  at::Tensor wide = at::linear(skips.relu(), t.wide_weight.squeeze(2), t.wide_bias);
  if (options.norm != NormSource::none) {
    const NormTensors& norm = t.wide_norm;
    wide = at::batch_norm(wide.flatten(0, 1), norm.gamma, norm.beta, norm.running_mean, norm.running_var,
                          options.norm == NormSource::batch, kMomentum, kEps, false)
               .view_as(wide);
  }
  return at::linear(wide.relu() * mask_of(options, wide.sizes()), t.thin_weight.squeeze(2), t.thin_bias).squeeze(2);
}

double difference(const at::Tensor& found, const at::Tensor& expected) {
  const double scale = std::max(1e-3, expected.abs().max().item<double>());
  return (found.detach().to(at::kDouble) - expected.detach()).abs().max().item<double>() / scale;
}

void compare(at::IntArrayRef shape, int64_t width, NormSource source, double dropout) {
  at::manual_seed(shape[1]);
  const TimeTailTensors tail = random_tail(shape[2], width, source);
  const at::Tensor skips = at::randn(shape) + 0.2, grad = at::randn({shape[0], shape[1]});
  TimeTailOptions options{source, kEps, kMomentum, {}, dropout, {}};
  for (int64_t i = 0; i < shape[0]; ++i) options.keys.push_back({static_cast<uint32_t>(77 * i + 5), static_cast<uint32_t>(i)});

  TimeTailTensors fused = copy(tail, at::kFloat), plain = copy(tail, at::kDouble);
  const at::Tensor a = skips.detach().clone().requires_grad_(), b = skips.to(at::kDouble).requires_grad_();
  const at::Tensor found = time_tail(a, fused, options), expected = reference(b, plain, options);
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

TEST_CASE("the fused tail, its gradients and running statistics are those of the plain layers in float64") {
  for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
    compare({3, 70, 16}, 32, source, 0);
    compare({2, 5000, 16}, 128, source, 0.2);
  }
}

TEST_CASE("a value that is no number stays visible behind the fused tail") {
  at::manual_seed(1);
  const TimeTailTensors tail = random_tail(16, 32, NormSource::running);
  at::Tensor skips = at::randn({2, 100, 16});
  skips[1][50][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor output = time_tail(skips, tail, {NormSource::running, kEps, kMomentum, {}, 0, {}});
  CHECK(output.isnan().sum().item<int64_t>() == 1);
  CHECK(output[1].isnan()[50].item<bool>());
}

TEST_CASE("the dropout mask drops the asked part, without patterns over channels or steps") {
  constexpr int64_t kCount = 1 << 20;
  for (const uint32_t key : {0u, 1u, 2u, 0xFFFFFFFFu}) {
    at::Tensor mask = at::empty({kCount}, at::kDouble);
    for (int64_t i = 0; i < kCount; ++i) {
      mask.data_ptr<double>()[i] = dropped({key, key * 7}, static_cast<uint32_t>(i), dropout_threshold(0.2));
    }
    CHECK(mask.mean().item<double>() == Approx(0.2).margin(0.002));  // five standard deviations
    const at::Tensor centred = mask - 0.2;
    for (const int64_t lag : {1, 16, 128, 1000}) {
      const double correlation = (centred.slice(0, 0, kCount - lag) * centred.slice(0, lag)).mean().item<double>() / (0.2 * 0.8);
      INFO("key " << key << " lag " << lag);
      CHECK(std::abs(correlation) < 0.005);
    }
  }
}

}  // namespace hpcai::kernels
