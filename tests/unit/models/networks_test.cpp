#include <torch/types.h>

#include <catch2/catch.hpp>

#include "autocast.h"
#include "hpcai/core/error.h"
#include "hpcai/models/model.h"

namespace hpcai::models {
namespace {

void randomise_statistics(Model& model) {
  const at::NoGradGuard no_grad;
  for (auto& buffer : model.named_buffers()) {
    if (buffer.key().ends_with("running_mean")) buffer.value().normal_();
    if (buffer.key().ends_with("running_var")) buffer.value().uniform_(0.5, 2);
  }
}

}  // namespace

TEST_CASE("WaveNet in evaluation depends on the input's last steps only, as its dilations say") {
  const std::vector<int64_t> shape{1, 300};
  const auto model =
      make_model(WaveNetConfig{.layers_per_cycle = 4, .cycles = 2, .keep_steps = 50, .dense_units = 8}, shape, 5, 3);
  randomise_statistics(*model);
  model->eval();
  const at::NoGradGuard no_grad;
  at::manual_seed(1);
  at::Tensor input = at::randn({2, 1, 300});
  const at::Tensor output = model->forward(input);
  const int64_t reach = 2 * (0 + 1 + 2 + 4);
  at::Tensor other = input.clone();
  other.narrow(2, 0, 300 - 50 - reach).normal_();
  INFO((model->forward(other) - output).abs().max().item<double>() << " of " << output.abs().max().item<double>());
  CHECK(at::allclose(model->forward(other), output, 1e-5, 1e-5));
  other = input.clone();
  other.narrow(2, 300 - 50 - reach, reach).add_(10);
  CHECK_FALSE(at::allclose(model->forward(other), output, 1e-5, 1e-5));
}

TEST_CASE("WaveNet gives the same evaluation with and without gradients recorded") {
  const std::vector<int64_t> shape{1, 200};
  const auto model = make_model(WaveNetConfig{.layers_per_cycle = 3, .keep_steps = 60, .dense_units = 8}, shape, 5, 3);
  randomise_statistics(*model);
  model->eval();
  const at::Tensor input = at::randn({3, 1, 200}), recorded = model->forward(input).detach();
  const at::NoGradGuard no_grad;
  INFO((model->forward(input) - recorded).abs().max().item<double>() << " of " << recorded.abs().max().item<double>());
  CHECK(at::allclose(model->forward(input), recorded, 1e-5, 1e-6));
}

TEST_CASE("WaveNet with fused layers rounds to bfloat16 under autocast, and gives float32") {
  at::manual_seed(1);
  const std::vector<int64_t> shape{1, 200};
  const auto model = make_model(WaveNetConfig{.layers_per_cycle = 3, .keep_steps = 60, .dense_units = 8}, shape, 5, 3);
  model->eval();
  const at::Tensor input = at::randn({3, 1, 200}), plain = model->forward(input);
  const CpuAutocast autocast;
  const at::Tensor output = model->forward(input);
  CHECK(output.scalar_type() == at::kFloat);
  CHECK_FALSE(at::equal(output, plain));
  CHECK((output - plain).norm().item<double>() < 0.01 * plain.norm().item<double>());
}

TEST_CASE("Xception accepts images of any shape from 7 pixels on") {
  const std::vector<int64_t> shape{3, 33, 46};
  const auto model = make_model(XceptionConfig{.width_factor = 0.02, .middle_blocks = 1, .head_units = 8}, shape, 4, 1);
  CHECK(model->forward(at::randn({2, 3, 33, 46})).sizes() == at::IntArrayRef({2, 4}));
  CHECK(model->forward(at::randn({2, 3, 7, 7})).sizes() == at::IntArrayRef({2, 4}));
}

TEST_CASE("dropout is a function of seed, step and place in the global batch, not of how the batch is cut") {
  const std::vector<int64_t> shape{3, 32, 32};
  const auto model =
      make_model(XceptionConfig{.width_factor = 0.02, .middle_blocks = 0, .head_units = 32, .batch_norm = BatchNormMode::frozen},
                 shape, 2, 1);
  at::manual_seed(1);
  const at::Tensor input = at::randn({4, 3, 32, 32}) * 10;
  model->set_randomness({.seed = 3, .step = 5});
  const at::Tensor whole = model->forward(input);
  CHECK(at::equal(model->forward(input), whole));
  model->set_randomness({.seed = 3, .step = 5, .first_sample = 2});
  CHECK(at::allclose(model->forward(input.narrow(0, 2, 2)), whole.narrow(0, 2, 2), 1e-4, 1e-5));
  model->set_randomness({.seed = 3, .step = 6});
  CHECK_FALSE(at::equal(model->forward(input), whole));
}

TEST_CASE("a network refuses data of another shape") {
  const std::vector<int64_t> image{3, 32, 32}, waveform{1, 100};
  CHECK_THROWS_AS(make_model(WaveNetConfig{}, image, 5, 1), Error);
  CHECK_THROWS_AS(make_model(WaveNetConfig{}, waveform, 5, 1), Error);  // keep_steps is 10000
  CHECK_THROWS_AS(make_model(WaveNetConfig{.keep_steps = 50}, waveform, 1, 1), Error);
  CHECK_THROWS_AS(make_model(XceptionConfig{}, waveform, 2, 1), Error);
  CHECK_THROWS_AS(make_model(ResNetConfig{}, waveform, 2, 1), Error);
}

}  // namespace hpcai::models
