#include "hpcai/kernels/gated_stack/gated_stack.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/kernels/gated_activation/gated_activation.h"

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

NormTensors random_norm(int64_t channels, NormSource source) {
  if (source == NormSource::none) return {};
  return {at::rand({channels}) + 0.5, at::randn({channels}) * 0.3, at::randn({channels}) * 0.2, at::rand({channels}) + 0.5};
}

std::vector<GatedLayerTensors> random_layers(int64_t channels, int64_t gates, const std::vector<int64_t>& dilations,
                                             NormSource source) {
  std::vector<GatedLayerTensors> layers;
  int64_t in = 1;
  for (const int64_t dilation : dilations) {
    GatedLayerTensors layer;
    layer.pre_weight = at::randn({channels, in, 1}) / std::sqrt(in);
    layer.pre_bias = at::randn({channels}) * 0.1;
    layer.pre_norm = random_norm(channels, source);
    layer.gated_weight = at::randn({2 * gates, channels, 2}) / std::sqrt(channels);
    layer.gated_bias = at::randn({2 * gates}) * 0.1;
    layer.gated_norm = random_norm(2 * gates, source);
    layer.post_weight = at::randn({channels, gates, 1}) / std::sqrt(gates);
    layer.post_bias = at::randn({channels}) * 0.1;
    layer.post_norm = random_norm(channels, source);
    layer.dilation = dilation;
    layers.push_back(layer);
    in = channels;
  }
  return layers;
}

std::vector<std::pair<std::string, at::Tensor*>> parameters(GatedLayerTensors& l) {
  std::vector<std::pair<std::string, at::Tensor*>> all{{"pre_weight", &l.pre_weight},     {"pre_bias", &l.pre_bias},
                                                       {"gated_weight", &l.gated_weight}, {"gated_bias", &l.gated_bias},
                                                       {"post_weight", &l.post_weight},   {"post_bias", &l.post_bias}};
  if (l.pre_norm.gamma.defined()) {
    for (auto& item : std::vector<std::pair<std::string, at::Tensor*>>{{"pre_gamma", &l.pre_norm.gamma},
                                                                       {"pre_beta", &l.pre_norm.beta},
                                                                       {"gated_gamma", &l.gated_norm.gamma},
                                                                       {"gated_beta", &l.gated_norm.beta},
                                                                       {"post_gamma", &l.post_norm.gamma},
                                                                       {"post_beta", &l.post_norm.beta}}) {
      all.push_back(item);
    }
  }
  return all;
}

std::vector<at::Tensor*> statistics(GatedLayerTensors& l) {
  if (!l.pre_norm.gamma.defined()) return {};
  return {&l.pre_norm.running_mean,  &l.pre_norm.running_var,   &l.gated_norm.running_mean,
          &l.gated_norm.running_var, &l.post_norm.running_mean, &l.post_norm.running_var};
}

std::vector<GatedLayerTensors> copy(std::vector<GatedLayerTensors> layers, at::ScalarType type) {
  for (auto& layer : layers) {
    for (auto& [name, tensor] : parameters(layer)) *tensor = tensor->detach().to(type, false, true).requires_grad_();
    for (at::Tensor* tensor : statistics(layer)) *tensor = tensor->to(type, false, true);
  }
  return layers;
}

// The plain definition, on [batch, time, channel].
at::Tensor normalise(const at::Tensor& v, const NormTensors& norm, NormSource source) {
  if (source == NormSource::none) return v;
  const at::Tensor rows = v.flatten(0, 1);
  return at::batch_norm(rows, norm.gamma, norm.beta, norm.running_mean, norm.running_var, source == NormSource::batch, kMomentum,
                        kEps, false)
      .view_as(v);
}

at::Tensor reference(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers, NormSource source) {
  at::Tensor x = input, skips;
  for (const auto& l : layers) {
    x = normalise(at::linear(x, l.pre_weight.squeeze(2), l.pre_bias), l.pre_norm, source).relu();
    const at::Tensor padded = at::constant_pad_nd(x.transpose(1, 2), {l.dilation / 2, l.dilation - l.dilation / 2});
    const at::Tensor merged =
        at::conv1d(padded, l.gated_weight, l.gated_bias, {1}, at::IntArrayRef{0}, {l.dilation}).transpose(1, 2);
    const at::Tensor y = gated_activation_reference(normalise(merged, l.gated_norm, source));
    const at::Tensor z = normalise(at::linear(y, l.post_weight.squeeze(2), l.post_bias), l.post_norm, source).relu();
    skips = skips.defined() ? skips + z : z;
    x = x + z;
  }
  return skips;
}

double difference(const at::Tensor& found, const at::Tensor& expected) {
  const double scale = std::max(1e-3, expected.abs().max().item<double>());
  return (found.detach().to(at::kDouble) - expected.detach()).abs().max().item<double>() / scale;
}

// Each value of a relu that float32 rounds to the other side of 0 shifts a gradient by one row's share: `flips` is what that
// may come to.
void compare(int64_t samples, int64_t steps, int64_t channels, int64_t gates, const std::vector<int64_t>& dilations,
             NormSource source, double flips = 2e-4) {
  at::manual_seed(samples + steps);
  const auto layers = random_layers(channels, gates, dilations, source);
  const at::Tensor input = at::randn({samples, steps, 1}) * 0.7 + 0.1, grad = at::randn({samples, steps, channels});
  auto fused = copy(layers, at::kFloat), plain = copy(layers, at::kDouble);
  REQUIRE(gated_stack_supports(input, fused));
  const at::Tensor found = gated_stack(input, fused, {source, kEps, kMomentum, {}});
  found.backward(grad);
  const at::Tensor expected = reference(input.to(at::kDouble), plain, source);
  expected.backward(grad.to(at::kDouble));
  INFO(samples << " x " << steps << ", " << channels << " channels, " << gates << " gates, source " << static_cast<int>(source));
  CHECK(difference(found, expected) < 2e-5);
  for (size_t i = 0; i < layers.size(); ++i) {
    auto a = parameters(fused[i]), b = parameters(plain[i]);
    for (size_t k = 0; k < a.size(); ++k) {
      INFO("layer " << i << " " << a[k].first);
      CHECK(difference(a[k].second->grad(), b[k].second->grad()) < flips);
    }
    auto c = statistics(fused[i]), d = statistics(plain[i]);
    for (size_t k = 0; k < c.size(); ++k) CHECK(difference(*c[k], *d[k]) < 1e-5);
  }
}

}  // namespace

TEST_CASE("the fused gated stack, its gradients and running statistics are those of the plain layers in float64") {
  for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
    compare(3, 100, 16, 16, {1, 2, 4}, source);
    compare(2, 5001, 16, 32, {1, 8, 128, 5}, source);  // several chunks a sample
    compare(2, 40, 32, 48, {4, 60}, source);           // a dilation longer than the sample
    compare(1, 7000, 16, 16, {3000}, source);          // and longer than a chunk
  }
  compare(2, 9000, 32, 48, {1024, 3000, 1}, NormSource::batch, 0.05);
}

TEST_CASE("the fused gated stack does not depend on the number of threads") {
  at::manual_seed(1);
  const auto layers = random_layers(16, 32, {1, 2}, NormSource::batch);
  const at::Tensor input = at::randn({3, 5000, 1});
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> outputs, gradients;
  for (const int count : {1, 2, 3}) {
    at::set_num_threads(count);
    auto mine = copy(layers, at::kFloat);
    const at::Tensor output = gated_stack(input, mine, {NormSource::batch, kEps, kMomentum, {}});
    output.square().mean().backward();
    outputs.push_back(output.detach());
    gradients.push_back(mine[0].gated_weight.grad());
  }
  at::set_num_threads(threads);
  CHECK(at::equal(outputs[0], outputs[1]));
  CHECK(at::equal(outputs[0], outputs[2]));
  CHECK(at::allclose(gradients[0], gradients[2], 1e-4, 1e-7));  // square().mean() is LibTorch's
}

TEST_CASE("a value that is no number stays visible behind the fused gated stack") {
  at::manual_seed(1);
  const auto layers = random_layers(16, 16, {1, 2}, NormSource::running);
  for (const bool in_weight : {false, true}) {
    auto mine = copy(layers, at::kFloat);
    at::Tensor input = at::randn({2, 100, 1});
    const at::NoGradGuard no_grad;
    (in_weight ? mine[0].gated_weight : input)[0][0][0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(gated_stack(input, mine, {NormSource::running, kEps, kMomentum, {}}).isnan().any().item<bool>());
  }
}

TEST_CASE("the fused gated stack without gradients gives the same result") {
  at::manual_seed(1);
  const auto layers = copy(random_layers(16, 16, {1, 2, 4}, NormSource::running), at::kFloat);
  const at::Tensor input = at::randn({2, 300, 1}),
                   recorded = gated_stack(input, layers, {NormSource::running, kEps, kMomentum, {}});
  const at::NoGradGuard no_grad;
  CHECK(at::equal(gated_stack(input, layers, {NormSource::running, kEps, kMomentum, {}}), recorded));
}

}  // namespace hpcai::kernels
