#include <torch/types.h>

#include <catch2/catch.hpp>

#include "fixture.h"
#include "hpcai/models/flow/conditional_flow.h"
#include "test_device.h"

namespace hpcai::parity {
namespace {

constexpr int64_t kBatch = 6, kDimensions = 5;

// The settings of scripts/export_flow_fixtures.py.
models::WaveformPosteriorConfig settings(const models::EncoderConfig& encoder, models::Activation activation) {
  return {.encoder = encoder,
          .summary = 3,
          .features = 7,
          .activation = activation,
          .flow = {.layers = 4, .bins = 6, .bound = 2.5, .residual = {.units = 8, .blocks = 2}}};
}

// `tolerance`: of the largest value of each tensor.
void compare(const std::string& name, const models::WaveformPosteriorConfig& config, at::ScalarType type, double tolerance) {
  INFO(name << ", " << type);
  const Fixture fixture = read_fixture(name);
  const std::vector<int64_t> shape{2, 43};
  const auto model =
      std::dynamic_pointer_cast<models::ConditionalDensity>(models::make_model(config, shape, kDimensions, /*seed=*/1));
  REQUIRE(model);
  // The density of standardised values, without their ranges.
  const auto flow = std::dynamic_pointer_cast<models::ConditionalFlow>(model->named_children()["flow"]);
  REQUIRE(flow);
  CHECK(models::size_of(*model).trainable == fixture.about["parameters"].get<int64_t>());
  model->to(test_device(), type);
  fill(*model);
  const auto made = [&](const std::string& tensor, at::IntArrayRef sizes, double most) {
    return uniform(tensor, sizes, -most, most).to(test_device(), type);
  };
  const at::Tensor context = model->context(made("input", {kBatch, 2, 43}, 1));
  const at::Tensor log_density = flow->log_density(context, made("value", {kBatch, kDimensions}, 3));
  (-log_density.mean()).backward();
  const auto check = [&](const std::string& tensor, const at::Tensor& found) {
    CHECK(difference(tensor, found, fixture.tensors.at(tensor), tolerance, 0) == "");
  };
  check("context", context);
  check("log_density", log_density);
  for (const auto& item : model->named_parameters()) {
    const std::string gradient = "gradient/" + item.key();
    INFO(gradient);
    REQUIRE(fixture.tensors.contains(gradient));
    REQUIRE(item.value().grad().defined());
    check(gradient, digest(item.key(), item.value().grad()));
  }
  const at::NoGradGuard no_grad;
  const auto drawn = flow->draw(context, made("base", {kBatch, kDimensions}, 3));
  check("drawn", drawn.value);
  check("log_density_of_drawn", drawn.log_density);
}

void compare(const std::string& name, const models::WaveformPosteriorConfig& config) {
  compare(name, config, at::kDouble, 1e-9);
  compare(name, config, at::kFloat, 1e-4);
}

}  // namespace

TEST_CASE("posterior: densities, gradients and samples are those of nflows and PyTorch, with the dense encoder", "[gpu]") {
  const models::ResidualConfig residual{.units = 9, .blocks = 2, .layer_norm = true};
  compare("posterior_dense",
          settings(models::DenseEncoderConfig{.components = 4, .residual = residual}, models::Activation::gelu));
}

TEST_CASE("posterior: densities, gradients and samples are those of nflows and PyTorch, with convolutions", "[gpu]") {
  const models::ConvolutionEncoderConfig encoder{
      .channels = {3, 4, 5}, .kernel = 5, .stride = 2, .residual = {.units = 9, .blocks = 2}};
  compare("posterior_convolution", settings(encoder, models::Activation::relu));
}

TEST_CASE("posterior: densities, gradients and samples are those of nflows and PyTorch, with gated layers", "[gpu]") {
  const models::WaveNetEncoderConfig encoder{.residual_channels = 4,
                                             .gate_channels = 3,
                                             .layers_per_cycle = 3,
                                             .cycles = 1,
                                             .pool_steps = 6,
                                             .pool_channels = 3,
                                             .residual = {.units = 9, .blocks = 2}};
  compare("posterior_wavenet", settings(encoder, models::Activation::relu));
}

}  // namespace hpcai::parity
