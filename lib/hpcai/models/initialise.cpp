#include "hpcai/models/initialise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "hpcai/models/layers.h"

namespace hpcai::models {

void fill_uniform(at::Tensor weight, double bound, at::Generator& generator) {
  const at::NoGradGuard no_grad;
  weight.copy_(at::empty(weight.sizes(), at::kDouble).uniform_(-bound, bound, generator));
}

void fill_normal(at::Tensor weight, double deviation, at::Generator& generator) {
  const at::NoGradGuard no_grad;
  weight.copy_(at::empty(weight.sizes(), at::kDouble).normal_(0, deviation, generator));
}

namespace {

// weight [out, in, spatial...] holds `merged` convolutions. For a depthwise weight [C, 1, k, k] Keras counts fan_in = C k k and
// fan_out = k k; the sum, which alone matters, is the same here.
void fill_glorot(at::Tensor weight, int64_t merged, at::Generator& generator) {
  const int64_t spatial = weight.numel() / (weight.size(0) * weight.size(1));
  const int64_t fans = (weight.size(0) / merged + weight.size(1)) * spatial;
  fill_uniform(weight, std::sqrt(6.0 / static_cast<double>(fans)), generator);
}

// weight [out, in, ...]; `bias` may be undefined.
void fill_fan_in(const at::Tensor& weight, const at::Tensor& bias, at::Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(weight.numel() / weight.size(0)));
  fill_uniform(weight, bound, generator);
  if (bias.defined()) fill_uniform(bias, bound, generator);
}

}  // namespace

void initialise_glorot_uniform(torch::nn::Module& root, uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  root.apply([&](torch::nn::Module& part) {
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) fill_glorot(conv->weight, 1, generator);
    if (auto* conv = dynamic_cast<Conv1d*>(&part)) fill_glorot(conv->weight, 1, generator);
    if (auto* conv = dynamic_cast<TimeConv*>(&part)) fill_glorot(conv->weight, conv->options().merged, generator);
    if (auto* dense = dynamic_cast<Dense*>(&part)) fill_glorot(dense->weight, 1, generator);
  });
}

void initialise_he_fan_out(torch::nn::Module& root, uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto fill = [&](const at::Tensor& weight) {
    const int64_t fan_out = weight.numel() / weight.size(1);
    fill_normal(weight, std::sqrt(2.0 / static_cast<double>(fan_out)), generator);
  };
  root.apply([&](torch::nn::Module& part) {
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) fill(conv->weight);
    if (auto* conv = dynamic_cast<Conv1d*>(&part)) fill(conv->weight);
    if (auto* conv = dynamic_cast<TimeConv*>(&part)) fill(conv->weight);
    if (auto* dense = dynamic_cast<Dense*>(&part)) fill_fan_in(dense->weight, dense->bias, generator);
  });
}

void initialise_uniform_fan_in(torch::nn::Module& root, uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  root.apply([&](torch::nn::Module& part) {
    if (auto* dense = dynamic_cast<Dense*>(&part)) fill_fan_in(dense->weight, dense->bias, generator);
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) fill_fan_in(conv->weight, conv->bias, generator);
    if (auto* conv = dynamic_cast<Conv1d*>(&part)) fill_fan_in(conv->weight, conv->bias, generator);
    if (auto* conv = dynamic_cast<TimeConv*>(&part)) fill_fan_in(conv->weight, conv->bias, generator);
  });
}

}  // namespace hpcai::models
