#include "hpcai/models/flow/conditional_flow.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "hpcai/models/initialise.h"

namespace hpcai::models {
namespace {

constexpr int64_t kFeatures = 3;

// A flow whose parameters are random numbers, those of the networks' last layers `scale` times as large.
std::shared_ptr<ConditionalFlow> random_flow(int64_t dimensions, double scale, at::ScalarType type, int64_t layers = 4) {
  const FlowConfig config{.layers = layers, .residual = {.units = 16, .blocks = 1}};
  auto flow = std::make_shared<ConditionalFlow>(dimensions, kFeatures, config, Activation::relu);
  initialise_uniform_fan_in(*flow, 7);
  const at::NoGradGuard no_grad;
  for (auto& item : flow->named_parameters()) {
    if (item.key().find(".parameters.") != std::string::npos) item.value().mul_(scale);
  }
  flow->to(type);
  return flow;
}

}  // namespace

TEST_CASE("a flow's density of one dimension integrates to 1") {
  const at::NoGradGuard no_grad;
  at::manual_seed(1);
  for (const double scale : {1.0, 4.0}) {
    const auto flow = random_flow(1, scale, at::kDouble);
    const at::Tensor grid = at::linspace(-15, 15, 20001, at::kDouble).unsqueeze(1);
    const at::Tensor density = flow->log_density(at::randn({1, kFeatures}, at::kDouble), grid).exp();
    CHECK((density.sum() * (30.0 / 20000)).item<double>() == Approx(1).margin(1e-4));
  }
}

TEST_CASE("a flow's density of two dimensions integrates to 1") {
  const at::NoGradGuard no_grad;
  at::manual_seed(2);
  const auto flow = random_flow(2, 1, at::kDouble, /*layers=*/2);
  const at::Tensor axis = at::linspace(-9, 9, 301, at::kDouble);
  const at::Tensor grid = at::cartesian_prod({axis, axis});
  const at::Tensor density = flow->log_density(at::randn({1, kFeatures}, at::kDouble), grid).exp();
  CHECK((density.sum() * (18.0 / 300) * (18.0 / 300)).item<double>() == Approx(1).margin(1e-3));
}

TEST_CASE("a drawn value has the density that draw() gives, and belongs to one base") {
  const at::NoGradGuard no_grad;
  at::manual_seed(3);
  for (const int64_t dimensions : {1, 2, 3, 10}) {
    const at::Tensor contexts = at::randn({500, kFeatures}), base = at::randn({500, dimensions}) * 2;
    for (const at::Tensor& context : {contexts, contexts.narrow(0, 0, 1)}) {
      INFO(dimensions << " dimensions, " << context.size(0) << " contexts");
      const auto flow = random_flow(dimensions, 1, at::kFloat);
      const auto drawn = flow->draw(context, base);
      const at::Tensor found = flow->log_density(context, drawn.value);
      CHECK(drawn.value.sizes() == base.sizes());
      CHECK(drawn.log_density.sizes() == at::IntArrayRef({500}));
      CHECK((found - drawn.log_density).abs().mean().item<double>() < 1e-4);
      CHECK((found - drawn.log_density).abs().max().item<double>() < 2e-2);
      // In float64 both are the same to rounding.
      flow->to(at::kDouble);
      const at::Tensor wide = context.to(at::kDouble);
      const auto exact = flow->draw(wide, base.to(at::kDouble));
      CHECK((flow->log_density(wide, exact.value) - exact.log_density).abs().max().item<double>() < 1e-7);
      CHECK((drawn.value - exact.value).abs().median().item<double>() < 1e-5);
    }
  }
}

TEST_CASE("a flow begins as the standard normal density, for any context") {
  const auto flow = random_flow(5, 1, at::kFloat);
  flow->start_as_identity();
  at::manual_seed(4);
  const at::Tensor context = at::randn({50, kFeatures}), value = at::randn({50, 5}) * 2;
  const at::Tensor expected = -0.5 * value.square().sum(1) - 2.5 * std::log(2 * std::numbers::pi);
  CHECK(at::allclose(flow->log_density(context, value), expected, 1e-5, 1e-5));
  const auto drawn = flow->draw(context, value);
  CHECK(at::allclose(std::get<0>(drawn.value.sort(1)), std::get<0>(value.sort(1)), 1e-5, 1e-5));  // in another order
}

TEST_CASE("every dimension is moved by the couplings alone, and none depends on the order of the batch") {
  at::manual_seed(5);
  const at::NoGradGuard no_grad;
  const FlowConfig config{.affine = false, .layers = 2, .residual = {.units = 16, .blocks = 1}};
  for (const int64_t dimensions : {1, 2, 5, 8}) {
    ConditionalFlow flow(dimensions, kFeatures, config, Activation::gelu);
    initialise_uniform_fan_in(flow, 3);
    const at::Tensor context = at::randn({1, kFeatures}), base = at::zeros({2, dimensions});
    const at::Tensor value = flow.draw(context, base).value;
    CHECK((value.abs() > 1e-4).all().item<bool>());
    CHECK(at::allclose(value[0], value[1]));
  }
}

TEST_CASE("a flow learns a conditional normal density, whose entropy is known") {
  // value = (c + 0.1 a, c^2 + 0.5 b + 3 (value_0 - c)), a and b standard normal: the mean log density is
  // -log(2 pi e) - log 0.1 - log 0.5.
  const FlowConfig config{.layers = 2, .bins = 5, .residual = {.units = 32, .blocks = 1}};
  ConditionalFlow flow(2, 4, config, Activation::relu);
  initialise_uniform_fan_in(flow, 1);
  flow.start_as_identity();
  at::manual_seed(6);
  const auto batch = [](int64_t size) {
    const at::Tensor c = at::randn({size}), a = at::randn({size}) * 0.1, b = at::randn({size}) * 0.5;
    return std::pair{at::stack({c, c.square(), c.abs(), at::ones({size})}, 1), at::stack({c + a, c.square() + b + 3 * a}, 1)};
  };
  const auto parameters = flow.parameters();
  std::vector<at::Tensor> first, second;
  for (const at::Tensor& parameter : parameters) {
    first.push_back(at::zeros_like(parameter));
    second.push_back(at::zeros_like(parameter));
  }
  constexpr int kSteps = 500;
  for (int step = 1; step <= kSteps; ++step) {
    for (at::Tensor parameter : parameters) parameter.mutable_grad() = at::Tensor();
    const auto [context, value] = batch(256);
    (-flow.log_density(context, value).mean()).backward();
    const at::NoGradGuard no_grad;
    const double rate = 0.01 * (1 + std::cos(std::numbers::pi * step / kSteps)) / 2;
    for (size_t i = 0; i < parameters.size(); ++i) {  // Adam (Kingma, Ba 2015)
      const at::Tensor grad = parameters[i].grad();
      first[i].mul_(0.9).add_(grad, 0.1);
      second[i].mul_(0.99).addcmul_(grad, grad, 0.01);
      const at::Tensor deviation = (second[i] / (1 - std::pow(0.99, step))).sqrt().add_(1e-8);
      at::Tensor(parameters[i]).addcdiv_(first[i], deviation, -rate / (1 - std::pow(0.9, step)));
    }
  }
  const at::NoGradGuard no_grad;
  const auto [context, value] = batch(20000);
  const double expected = -std::log(2 * std::numbers::pi * std::numbers::e) - std::log(0.1) - std::log(0.5);
  CHECK(flow.log_density(context, value).mean().item<double>() == Approx(expected).margin(0.05));
}

}  // namespace hpcai::models
