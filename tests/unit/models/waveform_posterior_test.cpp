#include "hpcai/models/waveform_posterior.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::models {
namespace {

const std::vector<int64_t> kShape{2, 259};

WaveformPosteriorConfig small(EncoderConfig encoder) {
  std::visit([](auto& config) { config.residual = {.units = 16, .blocks = 1}; }, encoder);
  return {.encoder = encoder, .summary = 3, .features = 12, .flow = {.layers = 2, .residual = {.units = 8, .blocks = 1}}};
}

std::vector<WaveformPosteriorConfig> all_encoders() {
  return {small(DenseEncoderConfig{.components = 20}), small(ConvolutionEncoderConfig{.channels = {4, 8}}),
          small(WaveNetEncoderConfig{.layers_per_cycle = 3})};
}

std::shared_ptr<WaveformPosterior> build(const WaveformPosteriorConfig& config, uint64_t seed = 1) {
  return std::dynamic_pointer_cast<WaveformPosterior>(make_model(config, kShape, 4, seed));
}

}  // namespace

TEST_CASE("a posterior gives a context, densities and a point estimate with every encoder") {
  at::manual_seed(1);
  for (const auto& config : all_encoders()) {
    const auto model = build(config);
    REQUIRE(model);
    CHECK(model->dimensions() == 4);
    const at::Tensor input = at::randn({5, 2, 259}), context = model->context(input);
    CHECK(context.sizes() == at::IntArrayRef({5, 12}));
    CHECK(model->log_density(context, at::randn({5, 4})).sizes() == at::IntArrayRef({5}));
    CHECK(model->forward(input).sizes() == at::IntArrayRef({5, 4}));
    CHECK((model->forward(input) - 0.5).abs().max().item<double>() < 1e-6);                  // the middle of the ranges
    CHECK(model->log_density(context, at::rand({5, 4})).abs().max().item<double>() < 1e-4);  // relative to the uniform density
    (-model->log_density(model->context(input), at::randn({5, 4})).mean()).backward();
    for (const auto& item : model->named_parameters()) {
      INFO(item.key());
      CHECK(item.value().grad().defined());
    }
  }
}

TEST_CASE("every time step, channel and number of the summary matters to the context, in its sample alone") {
  at::manual_seed(2);
  for (const auto& config : all_encoders()) {
    const auto model = build(config);
    const at::Tensor input = at::randn({3, 2, 259}).requires_grad_();
    model->context(input)[1].square().sum().backward();
    const at::Tensor grad = input.grad();
    CHECK(grad[0].abs().max().item<double>() == 0);
    CHECK(grad[2].abs().max().item<double>() == 0);
    for (int64_t channel = 0; channel < 2; ++channel) {
      // ReLUs may hide single steps; a convolution's stride may leave out the last ones.
      CHECK(grad[1][channel].narrow(0, 8, 240).abs().gt(0).to(at::kDouble).mean().item<double>() > 0.9);
      CHECK(grad[1][channel].narrow(0, 256, 3).abs().min().item<double>() > 0);
    }
  }
}

TEST_CASE("a posterior's initial weights are a function of the seed, and layers can be frozen") {
  for (const auto& config : all_encoders()) {
    const auto a = build(config, 7), b = build(config, 7), c = build(config, 8);
    for (const auto& item : a->named_parameters()) {
      INFO(item.key());
      CHECK(at::equal(item.value(), b->named_parameters()[item.key()]));
      const bool zero = item.key().ends_with(".parameters.weight") || item.key() == "flow.affine.terms.weight";
      CHECK((item.value().abs().max().item<double>() == 0) ==
            (zero || item.key().find("parameters.bias") != std::string::npos || item.key() == "flow.affine.terms.bias"));
      if (!zero && item.value().dim() > 1) CHECK_FALSE(at::equal(item.value(), c->named_parameters()[item.key()]));
    }
    a->set_trainable_from("head");
    for (const auto& item : a->named_parameters()) CHECK(item.value().requires_grad() == item.key().starts_with("flow."));
  }
}

TEST_CASE("the dense encoder starts from the principal components of examples") {
  at::manual_seed(3);
  const auto model = build(all_encoders()[0]);
  CHECK(model->examples_wanted() == 16384);
  // A strong signal of two shapes in white noise.
  const at::Tensor shapes = at::randn({2, 259}) / 16;
  const at::Tensor examples = at::randn({600, 2, 259}) + (at::randn({600, 2, 2}) * 20).matmul(shapes);
  model->fit_to({examples, {{0, 1}, {-1, 1}, {20, 50}, {0, 2}}});
  CHECK(model->forward(examples.narrow(0, 0, 1))[0][2].item<float>() == Approx(35));
  CHECK(model->log_uniform() == Approx(-std::log(2.0 * 30 * 2)));
  for (int64_t channel = 0; channel < 2; ++channel) {
    const at::Tensor weight = model->named_parameters()["encoder.projection." + std::to_string(channel) + ".weight"];
    CHECK(weight.requires_grad());
    const at::Tensor products = weight.matmul(weight.t());
    CHECK(at::allclose(products, at::eye(20) * products[0][0].item<float>(), 1e-4, 1e-5));
    const at::Tensor outputs = examples.select(1, channel).narrow(1, 0, 256).matmul(weight.t());
    CHECK(outputs.var(0, false).mean().item<double>() == Approx(1).epsilon(1e-3));
    // The first two directions span the shapes.
    const at::Tensor unit = shapes.narrow(1, 0, 256) / shapes.narrow(1, 0, 256).norm(2, 1, true);
    const at::Tensor inside = unit.matmul(weight.narrow(0, 0, 2).t()).norm(2, 1) / products[0][0].sqrt();
    CHECK(inside.min().item<double>() > 0.95);
  }
  auto off = std::get<DenseEncoderConfig>(all_encoders()[0].encoder);
  off.principal_components = false;
  CHECK(build(small(off))->examples_wanted() == 0);
  for (size_t i = 1; i < 3; ++i) CHECK(build(all_encoders()[i])->examples_wanted() == 0);
}

TEST_CASE("a posterior refuses samples that do not fit, and names the setting") {
  const auto refused = [](const WaveformPosteriorConfig& config, const std::vector<int64_t>& shape, const std::string& word) {
    try {
      make_model(config, shape, 4, 1);
      FAIL("no error for " + word);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(std::string(error.what()).find(word) != std::string::npos);
    }
  };
  const auto configs = all_encoders();
  refused(configs[0], {3, 32, 32}, "model.type");
  refused(configs[0], {2, 3}, "model.summary");
  refused(configs[0], {2, 22}, "model.encoder.components");
  refused(configs[1], {2, 18}, "model.encoder.kernel");
  refused(configs[2], {2, 34}, "model.encoder.pool_steps");
  refused(small(ConvolutionEncoderConfig{.channels = {}}), kShape, "model.encoder.channels");
}

}  // namespace hpcai::models
