#include <ATen/CPUGeneratorImpl.h>

#include <catch2/catch.hpp>

#include "hpcai/models/initialise.h"
#include "hpcai/models/model.h"

namespace hpcai::models {
namespace {

double largest(const Model& model, const std::string& name) { return model.named_parameters()[name].abs().max().item<double>(); }

}  // namespace

TEST_CASE("initial weights are a function of the seed and leave the global generator alone") {
  const std::vector<int64_t> shape{1, 64};
  const WaveNetConfig config{.layers_per_cycle = 3, .cycles = 1, .keep_steps = 32, .dense_units = 8};
  at::manual_seed(5);
  const at::Tensor before = at::rand({3});
  at::manual_seed(5);
  const auto a = make_model(config, shape, 5, 7), b = make_model(config, shape, 5, 7), c = make_model(config, shape, 5, 8);
  CHECK(at::equal(at::rand({3}), before));
  for (const auto& item : a->named_parameters()) {
    CHECK(at::equal(item.value(), b->named_parameters()[item.key()]));
    if (item.value().dim() > 1) CHECK_FALSE(at::equal(item.value(), c->named_parameters()[item.key()]));
  }
}

TEST_CASE("initial weights are LibTorch's float64 numbers, rounded to float32") {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{3}, {15}, {16}, {17}, {513}, {64, 3, 7, 7}, {1000, 33}}) {
    INFO("shape " << at::IntArrayRef(shape));
    at::Generator ours = at::make_generator<at::CPUGeneratorImpl>(5), theirs = at::make_generator<at::CPUGeneratorImpl>(5);
    const at::Tensor uniform = at::empty(shape), normal = at::empty(shape);
    fill_uniform(uniform, 0.3, ours);
    fill_normal(normal, 0.7, ours);
    CHECK(at::equal(uniform, at::empty(shape, at::kDouble).uniform_(-0.3, 0.3, theirs).to(at::kFloat)));
    const at::Tensor expected = at::empty(shape, at::kDouble).normal_(0, 0.7, theirs).to(at::kFloat);
    CHECK(at::allclose(normal, expected, 1e-6, 1e-12));
    CHECK((normal != expected).sum().item<int64_t>() == 0);
    CHECK(at::equal(ours.get_state(), theirs.get_state()));
  }
}

TEST_CASE("Keras networks start Glorot uniform with zero biases") {
  const std::vector<int64_t> waveform{1, 64}, image{3, 32, 32};
  const auto wavenet = make_model(WaveNetConfig{.keep_steps = 64, .dense_units = 512}, waveform, 5, 1);
  // Each of the merged filter and gate has fans 2 x 16 and 2 x 32.
  CHECK(largest(*wavenet, "layers.3.gated.weight") == Approx(std::sqrt(6.0 / (2 * 16 + 2 * 32))).epsilon(0.01));
  CHECK(largest(*wavenet, "q_hidden.weight") == Approx(std::sqrt(6.0 / (64 + 512))).epsilon(0.001));
  CHECK(largest(*wavenet, "layers.3.gated.bias") == 0);

  const auto xception = make_model(XceptionConfig{.middle_blocks = 1}, image, 2, 1);
  // Keras counts 9 x 728 and 9 for a depthwise kernel.
  CHECK(largest(*xception, "block5_sepconv1.depthwise.weight") == Approx(std::sqrt(6.0 / (9 * 728 + 9))).epsilon(0.01));
  CHECK(largest(*xception, "block5_sepconv1.pointwise.weight") == Approx(std::sqrt(6.0 / (728 + 728))).epsilon(0.001));
}

TEST_CASE("ResNet starts as torchvision's: normal with variance 2 / fan_out, and zero last gammas where asked") {
  const std::vector<int64_t> shape{3, 32, 32};
  const auto model = make_model(ResNetConfig{.blocks = {1, 1, 1, 1}, .zero_init_last_gamma = true}, shape, 10, 1);
  const auto parameters = model->named_parameters();
  CHECK(parameters["layer2.0.conv2.weight"].std().item<double>() == Approx(std::sqrt(2.0 / (9 * 128))).epsilon(0.02));
  CHECK(parameters["layer2.0.bn3.weight"].abs().max().item<double>() == 0);
  CHECK(parameters["layer2.0.bn2.weight"].min().item<double>() == 1);
}

TEST_CASE("Xception's residual blocks begin as their shortcuts where asked") {
  const std::vector<int64_t> shape{3, 71, 71};
  const auto model =
      make_model(XceptionConfig{.width_factor = 0.125, .middle_blocks = 2, .zero_init_last_gamma = true}, shape, 2, 1);
  int zeroed = 0;
  for (const auto& item : model->named_parameters()) {
    if (item.key().ends_with("_bn.weight") && item.value().abs().max().item<double>() == 0) ++zeroed;
  }
  const auto parameters = model->named_parameters();
  for (const char* name : {"block2_sepconv2", "block4_sepconv2", "block5_sepconv3", "block6_sepconv3", "block7_sepconv2"}) {
    CHECK(parameters[std::string(name) + "_bn.weight"].abs().max().item<double>() == 0);
  }
  CHECK(zeroed == 6);  // three blocks of the entry, two of the middle, one of the exit
}

TEST_CASE("a posterior's network starts as PyTorch's layers: uniform in +-1/sqrt(fan_in)") {
  const std::vector<int64_t> shape{2, 200};
  const auto dense = make_model(WaveformPosteriorConfig{.encoder = DenseEncoderConfig{.components = 40}}, shape, 4, 1);
  CHECK(largest(*dense, "encoder.projection.1.weight") == Approx(1 / std::sqrt(200.0)).epsilon(0.01));
  CHECK(largest(*dense, "encoder.dense.blocks.2.first.weight") == Approx(1 / std::sqrt(256.0)).epsilon(0.01));
  CHECK(largest(*dense, "encoder.dense.blocks.2.first.bias") == Approx(1 / std::sqrt(256.0)).epsilon(0.05));
  CHECK(largest(*dense, "flow.layers.3.from_kept.weight") == Approx(1 / std::sqrt(2.0)).epsilon(0.05));
  const auto convolution = make_model(WaveformPosteriorConfig{.encoder = ConvolutionEncoderConfig{}}, shape, 4, 1);
  CHECK(largest(*convolution, "encoder.convolutions.2.first.weight") == Approx(1 / std::sqrt(3 * 32.0)).epsilon(0.01));
  const auto wavenet = make_model(WaveformPosteriorConfig{.encoder = WaveNetEncoderConfig{}}, shape, 4, 1);
  CHECK(largest(*wavenet, "encoder.layers.2.gated.weight") == Approx(1 / std::sqrt(2 * 16.0)).epsilon(0.01));
}

}  // namespace hpcai::models
