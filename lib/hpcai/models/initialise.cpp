#include "hpcai/models/initialise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/DistributionsHelper.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/kernels/box_muller/box_muller.h"
#include "hpcai/models/layers.h"

namespace hpcai::models {
namespace {

// The next numbers of a generator, which at::uniform_real_distribution takes from random64() as from the generator itself.
// Copies its engine, so that a number needs no call into LibTorch, and gives it back at the end.
class Draws {
 public:
  explicit Draws(at::Generator& generator)
      : generator_(at::check_generator<at::CPUGeneratorImpl>(generator)), engine_(generator_->engine()) {}
  ~Draws() { generator_->set_engine(engine_); }
  Draws(const Draws&) = delete;
  Draws& operator=(const Draws&) = delete;

  uint64_t random64() {
    const uint64_t upper = engine_();
    return upper << 32 | engine_();
  }

 private:
  at::CPUGeneratorImpl* generator_;
  at::mt19937 engine_;
};

// normal [groups of 16], as LibTorch's normal_() draws them in float64.
void draw_normal(Draws& draws, int64_t groups, double deviation, float* normal) {
  constexpr int64_t kGroupsAtOnce = 32;  // whose 4 KiB stay in the first cache level
  std::array<double, kGroupsAtOnce * kernels::kBoxMullerGroup> uniform;
  at::uniform_real_distribution<double> distribution(0, 1);
  for (int64_t begin = 0; begin < groups; begin += kGroupsAtOnce) {
    const int64_t count = std::min(kGroupsAtOnce, groups - begin);
    std::generate_n(uniform.begin(), count * kernels::kBoxMullerGroup, [&] { return distribution(&draws); });
    kernels::box_muller(uniform.data(), count, deviation, normal + begin * kernels::kBoxMullerGroup);
  }
}

}  // namespace

void fill_uniform(at::Tensor weight, double bound, at::Generator& generator) {
  const at::NoGradGuard no_grad;
  const at::Tensor values = at::empty(weight.sizes(), at::kFloat);
  at::uniform_real_distribution<double> distribution(-bound, bound);
  Draws draws(generator);
  std::generate_n(values.data_ptr<float>(), values.numel(), [&] { return static_cast<float>(distribution(&draws)); });
  weight.copy_(values);
}

void fill_normal(at::Tensor weight, double deviation, at::Generator& generator) {
  const at::NoGradGuard no_grad;
  constexpr int64_t kGroup = kernels::kBoxMullerGroup;
  if (weight.numel() < kGroup) {
    weight.copy_(at::empty(weight.sizes(), at::kDouble).normal_(0, deviation, generator));
    return;
  }
  const at::Tensor values = at::empty(weight.sizes(), at::kFloat);
  const int64_t count = values.numel();
  auto* const normal = values.data_ptr<float>();
  Draws draws(generator);
  draw_normal(draws, count / kGroup, deviation, normal);
  if (const int64_t rest = count % kGroup; rest != 0) {  // LibTorch draws for the rest, then draws the last 16 numbers anew
    for (int64_t i = 0; i < rest; ++i) draws.random64();
    draw_normal(draws, 1, deviation, normal + count - kGroup);
  }
  weight.copy_(values);
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
