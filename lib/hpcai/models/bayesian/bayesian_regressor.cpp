#include "hpcai/models/bayesian/bayesian_regressor.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/models/initialise.h"

namespace hpcai::models {
namespace {

constexpr double kLeastDeviation = 1e-4;  // of the noise, in units of the values' deviation

double uniform_width() { return std::sqrt(12.0); }  // of a uniform density with deviation 1

// The lower Cholesky factor; not a number where a matrix is not positive definite.
at::Tensor lower_factor_of(const at::Tensor& covariance) {
  const auto [factor, failed] = at::linalg_cholesky_ex(covariance);
  return factor.masked_fill(failed.ne(0).view({-1, 1, 1}), std::numeric_limits<double>::quiet_NaN());
}

// The logarithm of the normal density of `offset` from the mean, [batch, n], for a lower Cholesky factor: [batch]
at::Tensor log_normal(const at::Tensor& offset, const at::Tensor& factor) {
  const at::Tensor whitened = at::linalg_solve_triangular(factor, offset.unsqueeze(2), /*upper=*/false).squeeze(2);
  const double constant = 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(offset.size(1));
  return whitened.square().sum(1) * -0.5 - factor.diagonal(0, 1, 2).log().sum(1) - constant;
}

}  // namespace

BayesianRegressor::BayesianRegressor(const BayesianRegressorConfig& config, const EncoderShape& shape, int64_t dimensions)
    : dimensions_(dimensions) {
  encoder_ = register_module("encoder", make_encoder(config.encoder, shape, config.features, config.activation));
  hidden_ = register_module("hidden", std::make_shared<VariationalDense>(config.features, config.units, config.prior));
  output_ = register_module("output", std::make_shared<VariationalDense>(config.units, dimensions, config.prior));
  noise_ = register_module("noise", std::make_shared<Dense>(config.features, dimensions * (dimensions + 1) / 2));
  centre_ = register_buffer("centre", at::zeros({dimensions}));
  deviation_ = register_buffer("deviation", at::ones({dimensions}));
  samples_ = register_buffer("samples", at::ones({}));
  for (const auto& [name, part] : encoder_->parts()) add_layer("encoder." + name, {part});
  add_layer("head", {hidden_, output_, noise_});
}

BayesianRegressor::Density BayesianRegressor::density(const at::Tensor& context) const {
  const at::Tensor known = context.to(at::kDouble);
  const Moments hidden = relu_moments(hidden_->forward({known, at::zeros_like(known)}));
  const at::Tensor numbers = noise_->forward(context).to(at::kDouble);
  const at::Tensor deviations = at::softplus(numbers.narrow(1, 0, dimensions_)) + kLeastDeviation;
  at::Tensor noise = at::diag_embed(deviations);
  int64_t next = dimensions_;
  for (int64_t below = 1; below < dimensions_; ++below) {  // the diagonals below the main one
    noise = noise + at::diag_embed(numbers.narrow(1, next, dimensions_ - below), -below);
    next += dimensions_ - below;
  }
  return {output_->forward(hidden).mean, output_->covariance(hidden), noise};
}

at::Tensor BayesianRegressor::log_density(const at::Tensor& context, const at::Tensor& value) {
  const Density found = density(context);
  const at::Tensor factor = lower_factor_of(found.epistemic + found.noise.matmul(found.noise.transpose(1, 2)));
  const at::Tensor offset = standardised(value) - found.mean;
  const at::Tensor log_relative =
      log_normal(offset, factor.expand({offset.size(0), -1, -1})) + std::log(uniform_width()) * static_cast<double>(dimensions_);
  return log_relative.to(value.scalar_type());
}

at::Tensor BayesianRegressor::training_loss(const at::Tensor& context, const at::Tensor& value) {
  const Density found = density(context);
  const at::Tensor offset = standardised(value) - found.mean;
  // E[log p] = log p at the mean weights - trace((noise noise^T)^-1 epistemic) / 2
  const at::Tensor half = at::linalg_solve_triangular(found.noise, found.epistemic, /*upper=*/false);
  const at::Tensor whitened = at::linalg_solve_triangular(found.noise, half.transpose(1, 2), /*upper=*/false);
  const at::Tensor expected = log_normal(offset, found.noise) - whitened.diagonal(0, 1, 2).sum(1) * 0.5 +
                              std::log(uniform_width()) * static_cast<double>(dimensions_);
  const at::Tensor divergence = (hidden_->divergence() + output_->divergence()) / samples_;
  return (divergence - expected.mean()).to(value.scalar_type());
}

ConditionalDensity::Drawn BayesianRegressor::draw(const at::Tensor& context, const at::Tensor& base) {
  const Density found = density(context);
  const at::Tensor factor =
      lower_factor_of(found.epistemic + found.noise.matmul(found.noise.transpose(1, 2))).expand({base.size(0), -1, -1});
  const at::Tensor offset = factor.matmul(base.to(at::kDouble).unsqueeze(2)).squeeze(2);
  const at::Tensor log_relative = log_normal(offset, factor) + std::log(uniform_width()) * static_cast<double>(dimensions_);
  return {centre_ + deviation_ * (found.mean + offset).to(base.scalar_type()), log_relative.to(base.scalar_type())};
}

double BayesianRegressor::log_uniform() const {
  return -(deviation_.to(at::kDouble) * uniform_width()).log().sum().item<double>();
}

at::Tensor BayesianRegressor::forward(const at::Tensor& input) {
  return centre_ + deviation_ * density(context(input)).mean.to(centre_.scalar_type());
}

void BayesianRegressor::fit_to(const Examples& examples) {
  if (examples.inputs.size(0) > 0) encoder_->fit_to(examples.inputs);
  if (!examples.targets.defined() || examples.targets.size(0) < 2) return;
  const at::Tensor values = examples.targets.to(at::kDouble), deviation = values.std(0);
  centre_.copy_(values.mean(0));
  deviation_.copy_(deviation.masked_fill(deviation.eq(0), 1));  // a value that does not vary
  samples_.fill_(static_cast<double>(examples.samples));
}

void BayesianRegressor::start_as_prior() {
  const at::NoGradGuard no_grad;
  noise_->zero();
  noise_->bias.narrow(0, 0, dimensions_).fill_(std::log(std::expm1(1.0)));  // softplus of it is 1
}

std::shared_ptr<Model> make(const BayesianRegressorConfig& config, std::span<const int64_t> input_shape, int64_t outputs,
                            uint64_t seed) {
  if (input_shape.size() != 2) {
    throw Error(ExitCode::usage,
                fmt::format("model.type: bayesian_regressor needs samples of shape [channels, time]; these are {}",
                            c10::str(at::IntArrayRef(input_shape.data(), input_shape.size()))));
  }
  const EncoderShape shape{.channels = input_shape[0], .steps = input_shape[1], .summary = 0};
  auto model = std::make_shared<BayesianRegressor>(config, shape, outputs);
  initialise_uniform_fan_in(*model, seed);
  model->start_as_prior();
  return model;
}

}  // namespace hpcai::models
