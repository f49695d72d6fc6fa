#include "hpcai/kernels/gated_stack/gated_stack.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <limits>

#include "autocast.h"
#include "unit/kernels/instruction_sets.h"

namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

NormTensors random_norm(int64_t channels, NormSource source) {
  if (source == NormSource::none) return {};
  return {.gamma = at::rand({channels}) + 0.5,
          .beta = at::randn({channels}) * 0.3,
          .running_mean = at::randn({channels}) * 0.2,
          .running_var = at::rand({channels}) + 0.5};
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

GatedStackOptions options_of(NormSource source, const Sum& sum = {}, int64_t last_steps = 0) {
  return {.norm = source, .eps = kEps, .momentum = kMomentum, .sum = sum, .last_steps = last_steps};
}

double difference(const at::Tensor& found, const at::Tensor& expected) {
  const double scale = std::max(1e-3, expected.abs().max().item<double>());
  return (found.detach().to(at::kDouble) - expected.detach()).abs().max().item<double>() / scale;
}

// Compares the fused stack in float32 with the reference in float64. Each value of a relu that float32 rounds to the other side
// of 0 shifts a gradient by one row's share: `flips` is what that may come to.
void compare(int64_t samples, int64_t steps, int64_t channels, int64_t gates, const std::vector<int64_t>& dilations,
             NormSource source, double flips = 2e-4, const Sum& sum = {}, int64_t last_steps = 0) {
  at::manual_seed(samples + steps);
  const auto layers = random_layers(channels, gates, dilations, source);
  const at::Tensor input = at::randn({samples, steps, 1}) * 0.7 + 0.1;
  const at::Tensor grad = at::randn({samples, last_steps > 0 ? last_steps : steps, channels});
  auto fused = copy(layers, at::kFloat), plain = copy(layers, at::kDouble);
  REQUIRE(gated_stack_supports(input, fused));
  const auto options = options_of(source, sum, last_steps);
  const at::Tensor found = gated_stack(input, fused, options);
  found.backward(grad);
  const at::Tensor expected = gated_stack_reference(input.to(at::kDouble), plain, options);
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

// The norm of the difference, as a part of the norm of what is expected. Values of which none is far from 0 need not be right.
double relative_distance(const at::Tensor& found, const at::Tensor& expected) {
  const double scale = std::max(1e-3, expected.norm().item<double>());
  return (found.detach().to(at::kDouble) - expected.detach()).norm().item<double>() / scale;
}

// Compares the stack in bfloat16 with the reference in float64: it is about as near as LibTorch's operators with autocast, which
// round more. In both, values near 0 take the other side of a relu, which is chance; so the mean of all gradients counts.
void compare_rounded(int64_t samples, int64_t steps, int64_t channels, int64_t gates, const std::vector<int64_t>& dilations,
                     NormSource source, bool in_tiles, int64_t last_steps = 0) {
  at::manual_seed(samples + steps);
  const auto layers = random_layers(channels, gates, dilations, source);
  const at::Tensor input = at::randn({samples, steps, 1}) * 0.7 + 0.1;
  const at::Tensor grad = at::randn({samples, last_steps > 0 ? last_steps : steps, channels});
  auto mine = copy(layers, at::kFloat), plain = copy(layers, at::kDouble);
  auto options = options_of(source, {}, last_steps);
  const at::Tensor expected = gated_stack_reference(input.to(at::kDouble), plain, options);
  expected.backward(grad.to(at::kDouble));
  options.stores_bfloat16 = true;
  options.in_tiles = in_tiles;
  const at::Tensor found = gated_stack(input, mine, options);
  found.backward(grad);
  auto library = copy(layers, at::kFloat);
  at::Tensor rounded;
  {
    const CpuAutocast autocast;
    rounded = gated_stack_reference(input, library, options);
  }
  rounded.backward(grad.to(rounded.scalar_type()));
  INFO(samples << " x " << steps << ", " << channels << " channels, " << gates << " gates, source " << static_cast<int>(source));
  CHECK(relative_distance(found, expected) < relative_distance(rounded, expected));
  CHECK(relative_distance(found, expected) > 1e-5);  // it is bfloat16
  double total = 0, of_library = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto a = parameters(mine[i]), b = parameters(plain[i]), c = parameters(library[i]);
    for (size_t k = 0; k < a.size(); ++k) {
      INFO("layer " << i << " " << a[k].first);
      const double distance = relative_distance(a[k].second->grad(), b[k].second->grad());
      CHECK(distance < 1);
      total += distance;
      of_library += relative_distance(c[k].second->grad(), b[k].second->grad());
    }
    auto d = statistics(mine[i]), e = statistics(plain[i]);
    for (size_t k = 0; k < d.size(); ++k) CHECK(difference(*d[k], *e[k]) < 0.01);
  }
  CHECK(total < 1.3 * of_library);
}

}  // namespace

TEST_CASE("the fused gated stack, its gradients and running statistics are those of the reference in float64") {
  for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
    compare(3, 100, 16, 16, {1, 2, 4}, source);
    compare(2, 5001, 16, 32, {1, 8, 128, 5}, source);  // several chunks a sample
    compare(2, 40, 32, 48, {4, 60}, source);           // a dilation longer than the sample
    compare(1, 7000, 16, 16, {3000}, source);          // and longer than a chunk
  }
  compare(2, 9000, 32, 48, {1024, 3000, 1}, NormSource::batch, 0.05);
}

TEST_CASE("the fused gated stack is the reference's for all multiples of 16 channels, on each instruction set") {
  for_each_instruction_set([] {
    for (const auto& [channels, gates] : std::vector<std::pair<int64_t, int64_t>>{{16, 48}, {48, 80}, {64, 128}, {80, 16}}) {
      for (const NormSource source : {NormSource::batch, NormSource::none}) compare(1, 211, channels, gates, {1, 6}, source);
    }
  });
}

TEST_CASE("the gated stack in bfloat16, with products in tiles or not, is the reference up to its rounding") {
  for (const bool in_tiles : {false, true}) {
    INFO("products in tiles: " << in_tiles);
    for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
      compare_rounded(3, 100, 16, 16, {1, 2, 4}, source, in_tiles);
      compare_rounded(2, 5001, 16, 32, {1, 8, 128, 5}, source, in_tiles);
      compare_rounded(20, 40, 32, 48, {4, 60}, source, in_tiles);  // a dilation longer than the sample
      compare_rounded(1, 7000, 16, 16, {3000}, source, in_tiles);
      compare_rounded(1, 300, 64, 128, {1, 6}, source, in_tiles, 70);
      compare_rounded(1, 211, 80, 16, {2, 3}, source, in_tiles);
    }
  }
}

TEST_CASE("batch statistics in tiles are those of what the gated convolution reads, also of nearly constant values") {
  at::manual_seed(7);
  const int64_t channels = 32, steps = 400;
  auto layers = copy(random_layers(channels, 16, {3}, NormSource::batch), at::kFloat);
  at::Tensor &scale = layers[0].pre_norm.gamma, &shift = layers[0].pre_norm.beta;
  const at::NoGradGuard no_grad;
  scale.fill_(1e-3);  // x is 1.003 within 0.003, where neighbours of bfloat16 are 0.0078 apart
  shift.fill_(1.003);
  auto options = options_of(NormSource::batch);
  options.stores_bfloat16 = options.in_tiles = true;
  const at::Tensor input = at::randn({2, steps, 1});
  layers[0].gated_norm.running_var.zero_();  // afterwards the batch's variance times the momentum
  gated_stack(input, layers, options);
  // of y = W0 x(t - left) + W1 x(t + right) + b, computed with rounded values
  const GatedLayerTensors& layer = layers[0];
  const at::Tensor a = (at::matmul(input, layer.pre_weight.squeeze(2).t()) + layer.pre_bias).to(at::kBFloat16).to(at::kDouble);
  const at::Tensor mean = a.mean(at::IntArrayRef({0, 1})), deviation = (a.var(at::IntArrayRef({0, 1}), false) + kEps).sqrt();
  const at::Tensor x = ((a - mean) / deviation * 1e-3 + 1.003).relu().to(at::kBFloat16).to(at::kDouble);
  const at::Tensor y =
      at::conv1d(at::constant_pad_nd(x.transpose(1, 2), {1, 2}), layer.gated_weight.to(at::kDouble),
                 layer.gated_bias.to(at::kDouble), at::IntArrayRef({1}), at::IntArrayRef({0}), at::IntArrayRef({3}));
  const at::Tensor variance = y.var(at::IntArrayRef({0, 2}), /*unbiased=*/true);
  const at::Tensor found = layer.gated_norm.running_var / kMomentum;
  CHECK(difference(found, variance) < 0.02);
}

TEST_CASE("a value that is no number stays visible behind the gated stack in bfloat16") {
  at::manual_seed(1);
  for (const NormSource source : {NormSource::running, NormSource::none}) {
    const auto layers = copy(random_layers(16, 16, {1, 2}, source), at::kFloat);
    for (const bool in_tiles : {false, true}) {
      at::Tensor input = at::randn({2, 100, 1});
      input[1][50][0] = std::numeric_limits<float>::quiet_NaN();
      auto options = options_of(source);
      options.stores_bfloat16 = true;
      options.in_tiles = in_tiles;
      const at::NoGradGuard no_grad;
      const at::Tensor output = gated_stack(input, layers, options);
      CHECK(output[1][50].isnan().all().item<bool>());
      CHECK_FALSE(output[0].isnan().any().item<bool>());
    }
  }
}

TEST_CASE("gates of tiny, saturated and infinite values, and of no number, are right on each instruction set") {
  // z = relu(tanh(f x) sigmoid(g x)), where unit i has its own f and g and x is the input
  const std::vector<float> filters{1e-30F, 1e-3F, 0.3F, 2, 8.9F, 9.1F, 88, 1e30F}, gates{1e-4F, -2, 17.9F, -18.1F, 1e20F, -1e30F};
  const int64_t units = 48;
  const auto layers = [&] {
    GatedLayerTensors layer;
    layer.pre_weight = at::zeros({units, 1, 1});
    layer.pre_weight[0] = 1;
    layer.gated_weight = at::zeros({2 * units, units, 2});
    for (int64_t i = 0; i < units; ++i) {
      layer.gated_weight[i][0][0] = filters[i % filters.size()];
      layer.gated_weight[units + i][0][0] = gates[i / filters.size()];
    }
    layer.post_weight = at::eye(units).unsqueeze(2);
    layer.pre_bias = layer.post_bias = at::zeros({units});
    layer.gated_bias = at::zeros({2 * units});
    return std::vector{layer};
  };
  const at::Tensor input = at::tensor({0.0F, 0.5F, 1.0F, 3.0F, 1e10F}).view({1, 5, 1});
  const auto options = options_of(NormSource::none);
  const at::NoGradGuard no_grad;
  const at::Tensor expected = gated_stack_reference(input.to(at::kDouble), copy(layers(), at::kDouble), options);
  auto in_tiles = options;
  in_tiles.in_tiles = true;
  for_each_instruction_set([&] {
    CHECK((gated_stack(input, layers(), options) - expected).abs().max().item<double>() < 5e-7);
    CHECK((gated_stack(input, layers(), in_tiles) - expected).abs().max().item<double>() < 1e-2);
    for (const int64_t which : {int64_t{5}, units + 5}) {  // a filter, a gate
      const auto spoilt = layers();
      spoilt[0].gated_bias[which] = std::numeric_limits<float>::quiet_NaN();
      for (const auto& with : {options, in_tiles}) {
        CHECK(gated_stack(input, spoilt, with).select(2, 5).isnan().all().item<bool>());
      }
    }
  });
}

TEST_CASE("a layer behind the gated stack may change its output in place") {
  at::manual_seed(1);
  const auto layers = random_layers(16, 16, {1, 2}, NormSource::running);
  const at::Tensor input = at::randn({2, 60, 1});
  for (const int64_t last_steps : {0, 20}) {
    auto mine = copy(layers, at::kFloat), plain = copy(layers, at::kFloat);
    const auto options = options_of(NormSource::running, {}, last_steps);
    gated_stack(input, mine, options).mul_(2).sum().backward();
    (gated_stack(input, plain, options) * 2).sum().backward();
    CHECK(at::equal(mine[0].gated_weight.grad(), plain[0].gated_weight.grad()));
  }
}

TEST_CASE("of a gated stack the last steps alone can be had, with their gradients") {
  for (const NormSource source : {NormSource::batch, NormSource::running, NormSource::none}) {
    compare(2, 300, 16, 32, {1, 2, 4}, source, 2e-4, {}, 70);
    compare(2, 6001, 16, 16, {1, 128, 5, 1024}, source, 2e-4, {}, 900);  // several chunks a sample
    compare(1, 90, 16, 16, {4, 60, 100}, source, 2e-4, {}, 10);          // the first layers need all steps
    compare(1, 90, 16, 16, {1, 2}, source, 2e-4, {}, 90);
    compare(2, 200, 16, 16, {3}, source, 2e-4, {}, 1);
  }
  // of two ranks with equal values
  compare(
      2, 300, 16, 16, {1, 4}, NormSource::batch, 2e-4, [](at::Tensor& values) { values.mul_(2); }, 70);
  at::manual_seed(1);
  const auto layers = copy(random_layers(16, 16, {1, 2, 64}, NormSource::running), at::kFloat);
  const at::Tensor input = at::randn({2, 5000, 1});
  const at::NoGradGuard no_grad;
  const at::Tensor all = gated_stack(input, layers, options_of(NormSource::running));
  // equal up to rounding: other steps are partners
  CHECK(difference(gated_stack(input, layers, options_of(NormSource::running, {}, 333)), all.slice(1, 5000 - 333)) < 1e-6);
  CHECK_THROWS_WITH(gated_stack(input, layers, options_of(NormSource::running, {}, 5001)), Catch::Contains("last_steps"));
}

TEST_CASE("the fused gated stack and its reference agree on the statistics of all ranks") {
  int sums = 0;  // of two ranks with equal values
  compare(2, 120, 16, 16, {1, 4}, NormSource::batch, 2e-4, [&](at::Tensor& values) {
    values.mul_(2);
    ++sums;
  });
  CHECK(sums > 0);
}

TEST_CASE("the reference of the gated stack over two ranks with equal values is that of one rank with all of them") {
  at::manual_seed(4);
  const auto layers = random_layers(3, 2, {1, 2}, NormSource::batch);  // the reference takes any number of channels
  const at::Tensor half = at::randn({2, 30, 1}, at::kDouble), grad = at::randn({2, 30, 3}, at::kDouble);
  auto ranks = copy(layers, at::kDouble), one = copy(layers, at::kDouble);
  const at::Tensor mine = half.clone().requires_grad_(), all = at::cat({half, half}).requires_grad_();
  const at::Tensor found =
      gated_stack_reference(mine, ranks, options_of(NormSource::batch, [](at::Tensor& values) { values.mul_(2); }));
  const at::Tensor expected = gated_stack_reference(all, one, options_of(NormSource::batch));
  found.backward(grad);
  expected.backward(at::cat({grad, grad}));
  CHECK(difference(found, expected.narrow(0, 0, 2)) < 1e-12);
  CHECK(difference(mine.grad(), all.grad().narrow(0, 0, 2)) < 1e-12);
  for (size_t i = 0; i < layers.size(); ++i) {
    for (size_t k = 0; k < parameters(one[i]).size(); ++k) {  // each rank has its own part
      CHECK(difference(2 * parameters(ranks[i])[k].second->grad(), parameters(one[i])[k].second->grad()) < 1e-9);
    }
    for (size_t k = 0; k < statistics(one[i]).size(); ++k) {
      CHECK(difference(*statistics(ranks[i])[k], *statistics(one[i])[k]) < 1e-12);
    }
  }
}

TEST_CASE("the fused gated stack leaves other types, sizes and chains of layers to others") {
  at::manual_seed(1);
  auto layers = copy(random_layers(16, 16, {1, 2}, NormSource::running), at::kFloat);
  const at::Tensor input = at::randn({2, 30, 1});
  CHECK(gated_stack_supports(input, layers));
  CHECK_FALSE(gated_stack_supports(input, {}));
  CHECK_FALSE(gated_stack_supports(input.to(at::kDouble), layers));
  CHECK_FALSE(gated_stack_supports(input.clone().requires_grad_(), layers));
  CHECK_FALSE(gated_stack_supports(input, random_layers(8, 16, {1}, NormSource::running)));
  CHECK_FALSE(gated_stack_supports(at::randn({2, 30, 3}), layers));  // the first layer takes one channel
  layers[1] = layers[0];                                             // and so does the second, now
  CHECK_FALSE(gated_stack_supports(input, layers));
}

TEST_CASE("the fused gated stack does not depend on the number of threads") {
  at::manual_seed(1);
  const auto layers = random_layers(16, 32, {1, 2}, NormSource::batch);
  const at::Tensor input = at::randn({3, 5000, 1});
  const int threads = at::get_num_threads();
  for (const bool in_bfloat16 : {false, true}) {
    std::vector<at::Tensor> outputs, gradients;
    for (const int count : {1, 2, 3}) {
      at::set_num_threads(count);
      auto mine = copy(layers, at::kFloat);
      auto options = options_of(NormSource::batch);
      options.stores_bfloat16 = options.in_tiles = in_bfloat16;
      const at::Tensor output = gated_stack(input, mine, options);
      output.square().mean().backward();
      outputs.push_back(output.detach());
      gradients.push_back(mine[0].gated_weight.grad());
    }
    at::set_num_threads(threads);
    CHECK(at::equal(outputs[0], outputs[1]));
    CHECK(at::equal(outputs[0], outputs[2]));
    CHECK(at::allclose(gradients[0], gradients[2], 1e-4, 1e-7));  // square().mean() is LibTorch's
  }
}

TEST_CASE("a value that is no number stays visible behind the fused gated stack") {
  at::manual_seed(1);
  const auto layers = random_layers(16, 16, {1, 2}, NormSource::running);
  for (const bool in_weight : {false, true}) {
    auto mine = copy(layers, at::kFloat);
    at::Tensor input = at::randn({2, 100, 1});
    const at::NoGradGuard no_grad;
    (in_weight ? mine[0].gated_weight : input)[0][0][0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(gated_stack(input, mine, options_of(NormSource::running)).isnan().any().item<bool>());
  }
}

TEST_CASE("the fused gated stack without gradients gives the same result") {
  at::manual_seed(1);
  const auto layers = copy(random_layers(16, 16, {1, 2, 4}, NormSource::running), at::kFloat);
  const at::Tensor input = at::randn({2, 300, 1}), recorded = gated_stack(input, layers, options_of(NormSource::running));
  const at::NoGradGuard no_grad;
  CHECK(at::equal(gated_stack(input, layers, options_of(NormSource::running)), recorded));
}

}  // namespace hpcai::kernels
