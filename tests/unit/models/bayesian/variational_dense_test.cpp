#include "hpcai/models/bayesian/variational_dense.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/models/initialise.h"

namespace hpcai::models {
namespace {

constexpr int64_t kDraws = 400000;
const double kPrior = 1 / std::sqrt(3.0);  // deviation of the prior of the layer's weights

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

at::Tensor covariance_of(const at::Tensor& draws) {
  const at::Tensor centred = draws - draws.mean(0);
  return centred.t().matmul(centred) / static_cast<double>(draws.size(0) - 1);
}

// A layer of 3 inputs and 2 outputs whose deviations are large.
std::shared_ptr<VariationalDense> wide_layer() {
  auto layer = std::make_shared<VariationalDense>(3, 2, 1.0);
  const at::NoGradGuard no_grad;
  initialise_uniform_fan_in(*layer, 3);
  layer->to(at::kDouble);
  auto parameters = layer->named_parameters();
  parameters["weight_log_ratio"].copy_(at::linspace(-1, 0.5, 6, at::kDouble).view({2, 3}));
  parameters["bias_log_ratio"].copy_(at::tensor({-0.5, 0.0}, at::kDouble));
  return layer;
}

}  // namespace

TEST_CASE("the moments of rectified normal numbers are those of draws, and of numbers far from 0") {
  at::manual_seed(1);
  const at::Tensor mean = at::tensor({-2.0, -0.3, 0.0, 0.7, 3.0}, at::kDouble),
                   variance = at::tensor({1.0, 0.5, 2.0, 0.1, 1.0}, at::kDouble);
  const Moments found = relu_moments({mean, variance});
  const at::Tensor draws = (mean + variance.sqrt() * at::randn({kDraws, 5}, at::kDouble)).relu();
  CHECK(largest_difference(found.mean, draws.mean(0)) < 0.01);
  CHECK(largest_difference(found.variance, draws.var(0)) < 0.02);
  const Moments far = relu_moments({at::tensor({-50.0, 50.0}, at::kDouble), at::tensor({1.0, 0.0}, at::kDouble)});
  CHECK(largest_difference(far.mean, at::tensor({0.0, 50.0}, at::kDouble)) < 1e-9);
  CHECK(far.variance.max().item<double>() < 1e-6);
}

TEST_CASE("a variational layer's moments are those of drawn weights and inputs") {
  at::manual_seed(2);
  const auto layer = wide_layer();
  const at::NoGradGuard no_grad;
  auto named = layer->named_parameters();
  const auto drawn = [&](const std::string& mean, const std::string& deviation) {
    const at::Tensor centre = named[mean];
    std::vector<int64_t> shape = centre.sizes().vec();
    shape.insert(shape.begin(), kDraws);
    return centre + named[deviation].exp() * kPrior * at::randn(shape, at::kDouble);
  };
  const Moments input{at::tensor({0.5, -1.0, 2.0}, at::kDouble).unsqueeze(0),
                      at::tensor({0.2, 0.0, 0.5}, at::kDouble).unsqueeze(0)};
  const at::Tensor inputs = input.mean + input.variance.sqrt() * at::randn({kDraws, 3}, at::kDouble);
  const at::Tensor outputs =
      (drawn("mean.weight", "weight_log_ratio") * inputs.unsqueeze(1)).sum(2) + drawn("mean.bias", "bias_log_ratio");
  const Moments found = layer->forward(input);
  const at::Tensor covariance = layer->covariance(input)[0];
  CHECK(largest_difference(found.mean[0], outputs.mean(0)) < 0.02);
  CHECK(largest_difference(covariance, covariance_of(outputs)) < 0.05);
  CHECK(largest_difference(covariance.diagonal(), found.variance[0]) < 1e-12);
}

TEST_CASE("the divergence from the prior is the mean of its logarithm over draws, and 0 for the prior") {
  auto layer = wide_layer();
  const at::NoGradGuard no_grad;
  auto named = layer->named_parameters();
  // The mean of log q - log p over draws of q.
  at::manual_seed(3);
  double expected = 0;
  for (const auto& [mean, deviation] : {std::pair{"mean.weight", "weight_log_ratio"}, {"mean.bias", "bias_log_ratio"}}) {
    const at::Tensor centre = named[mean].flatten(), width = named[deviation].exp().flatten() * kPrior;
    const at::Tensor noise = at::randn({kDraws, centre.numel()}, at::kDouble), value = centre + width * noise;
    const at::Tensor log_q = noise.square() * -0.5 - width.log(), log_p = value.square() * (-0.5 * 3) + 0.5 * std::log(3.0);
    expected += (log_q - log_p).sum(1).mean().item<double>();
  }
  CHECK(layer->divergence().item<double>() == Approx(expected).epsilon(0.01));
  named["mean.weight"].zero_();
  named["mean.bias"].zero_();
  for (const char* name : {"weight_log_ratio", "bias_log_ratio"}) named[name].zero_();
  CHECK(layer->divergence().item<double>() == Approx(0).margin(1e-12));
}

}  // namespace hpcai::models
