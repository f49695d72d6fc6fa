#include "hpcai/models/bayesian/bayesian_regressor.h"

#include <torch/optim/adam.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::models {
namespace {

const std::vector<int64_t> kShape{1, 12};

BayesianRegressorConfig small() {
  return {.encoder = DenseEncoderConfig{.components = 8, .principal_components = false, .residual = {.units = 16, .blocks = 1}},
          .features = 10,
          .units = 14};
}

std::shared_ptr<BayesianRegressor> build(int64_t outputs, uint64_t seed = 1) {
  return std::dynamic_pointer_cast<BayesianRegressor>(make_model(small(), kShape, outputs, seed));
}

// A density that has been moved from its start, so that all parts count.
std::shared_ptr<BayesianRegressor> moved(int64_t outputs) {
  auto model = build(outputs);
  const at::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.add_(at::randn(parameter.sizes()) * 0.2);
  model->fit_to({.inputs = at::empty({0, 1, 12}), .targets = at::randn({500, outputs}) * 3 + 7, .samples = 1000});
  return model;
}

}  // namespace

TEST_CASE("a Bayesian regressor starts as a normal density with about the deviation of the training data") {
  at::manual_seed(1);
  const auto model = build(3);
  REQUIRE(model);
  const at::Tensor targets = at::randn({4000, 3}) * at::tensor({1.0, 0.1, 20.0}) + at::tensor({4.0, 0.0, -3.0});
  model->fit_to({.inputs = at::empty({0, 1, 12}), .targets = targets, .samples = 4000});
  const at::Tensor context = model->context(at::randn({1, 1, 12}));
  const at::Tensor drawn = model->draw(context, at::randn({20000, 3})).value;
  CHECK((drawn.std(0) / targets.std(0) - 1).abs().max().item<double>() < 0.15);
  CHECK(((drawn.mean(0) - targets.mean(0)) / targets.std(0)).abs().max().item<double>() < 1);
  CHECK(model->log_uniform() == Approx(-std::log(std::pow(12.0, 1.5) * 1.0 * 0.1 * 20)).margin(0.1));
}

TEST_CASE("densities integrate to 1, are those of the draws, and the point estimate is their mean") {
  at::manual_seed(2);
  const auto model = moved(2);
  const at::NoGradGuard no_grad;
  const at::Tensor context = model->context(at::randn({1, 1, 12}));
  const auto drawn = model->draw(context, at::randn({200000, 2}));
  CHECK((model->log_density(context, drawn.value) - drawn.log_density).abs().max().item<double>() < 1e-3);
  // The mean of p / q over draws of q is 1, here for p a uniform density around the mean.
  const at::Tensor centre = drawn.value.mean(0), half = drawn.value.std(0);
  const at::Tensor inside = ((drawn.value - centre).abs() <= half).all(1);
  const double log_p = -(2 * half).log().sum().item<double>() - model->log_uniform();
  const at::Tensor ratio = (log_p - drawn.log_density).exp() * inside;
  CHECK(ratio.mean().item<double>() == Approx(1).margin(0.03));
  CHECK((model->draw(context, at::zeros({1, 2})).value[0] - centre).abs().max().item<double>() < 0.05);
}

TEST_CASE("the training loss is a bound of the negative log density, and every parameter has a gradient") {
  at::manual_seed(3);
  const auto model = moved(3);
  const at::Tensor context = model->context(at::randn({6, 1, 12})), value = at::randn({6, 3}) * 3 + 7;
  const at::Tensor loss = model->training_loss(context, value);
  CHECK(loss.item<double>() > -model->log_density(context, value).mean().item<double>());
  loss.backward();
  for (const auto& item : model->named_parameters()) {
    INFO(item.key());
    CHECK(item.value().grad().defined());
    CHECK(item.value().grad().abs().max().item<double>() > 0);
  }
}

TEST_CASE("values that no input tells are given their own deviation, and others a small one") {
  at::manual_seed(4);
  const auto model = build(2);
  const auto inputs = [](int64_t count) { return at::randn({count, 1, 12}); };
  const auto targets = [](const at::Tensor& input) {
    return at::stack({input.select(2, 0).select(1, 0) * 2 + 1, at::randn({input.size(0)}) * 0.5}, 1);
  };
  model->fit_to({.inputs = at::empty({0, 1, 12}), .targets = targets(inputs(2000)), .samples = 20000});
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(3e-3));
  for (int step = 0; step < 600; ++step) {
    const at::Tensor input = inputs(64);
    optimizer.zero_grad();
    model->training_loss(model->context(input), targets(input)).backward();
    optimizer.step();
  }
  const at::NoGradGuard no_grad;
  const at::Tensor drawn = model->draw(model->context(inputs(1)), at::randn({5000, 2})).value;
  CHECK(drawn.std(0)[1].item<double>() == Approx(0.5).epsilon(0.15));
  CHECK(drawn.std(0)[0].item<double>() < 0.5);
}

TEST_CASE("a density that is not a number stays one, and images are refused") {
  const auto model = build(2);
  const at::Tensor context = model->context(at::full({2, 1, 12}, std::numeric_limits<double>::quiet_NaN()));
  CHECK(model->log_density(context, at::zeros({2, 2})).isnan().all().item<bool>());
  const std::vector<int64_t> image{3, 8, 8};
  CHECK_THROWS_AS(make_model(small(), image, 2, 1), Error);
}

}  // namespace hpcai::models
