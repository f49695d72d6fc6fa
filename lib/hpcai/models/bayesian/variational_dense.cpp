#include "hpcai/models/bayesian/variational_dense.h"

#include <cmath>
#include <numbers>

namespace hpcai::models {
namespace {

constexpr double kFirstDeviation = 0.1;   // in units of the prior's
constexpr double kLeastVariance = 1e-12;  // keeps square roots differentiable

// Of normal numbers from a normal prior of mean 0; log_ratio: of their deviation to the prior's.
at::Tensor divergence_of(const at::Tensor& mean, const at::Tensor& log_ratio, double prior) {
  return (((2 * log_ratio).exp() + (mean / prior).square() - 1) / 2 - log_ratio).sum();
}

}  // namespace

Moments relu_moments(const Moments& normal) {
  const at::Tensor deviation = (normal.variance + kLeastVariance).sqrt(), ratio = normal.mean / deviation;
  const at::Tensor above = 0.5 * at::erfc(ratio * (-1 / std::numbers::sqrt2));  // the probability of x > 0
  const at::Tensor density = (ratio.square() * -0.5).exp() * (1 / std::sqrt(2 * std::numbers::pi));
  const at::Tensor mean = normal.mean * above + deviation * density;
  const at::Tensor square = (normal.mean.square() + deviation.square()) * above + normal.mean * deviation * density;
  return {mean, (square - mean.square()).clamp_min(0)};
}

VariationalDense::VariationalDense(int64_t in, int64_t out, double prior)
    : prior_deviation_(prior / std::sqrt(static_cast<double>(in))) {
  mean_ = register_module("mean", std::make_shared<Dense>(in, out));
  weight_log_ratio_ = register_parameter("weight_log_ratio", at::full({out, in}, std::log(kFirstDeviation)));
  bias_log_ratio_ = register_parameter("bias_log_ratio", at::full({out}, std::log(kFirstDeviation)));
}

at::Tensor VariationalDense::variance(const at::Tensor& log_ratio, at::ScalarType type) const {
  return (2 * log_ratio.to(type)).exp() * (prior_deviation_ * prior_deviation_);
}

at::Tensor VariationalDense::own_variance(const Moments& input) const {
  const at::Tensor square = input.mean.square() + input.variance;
  const at::ScalarType type = square.scalar_type();
  return square.matmul(variance(weight_log_ratio_, type).t()) + variance(bias_log_ratio_, type);
}

Moments VariationalDense::forward(const Moments& input) const {
  const at::Tensor weight = mean_->weight.to(input.mean.scalar_type());
  return {input.mean.matmul(weight.t()) + mean_->bias, input.variance.matmul(weight.square().t()) + own_variance(input)};
}

at::Tensor VariationalDense::covariance(const Moments& input) const {
  // sum over k of w_ik w_jk variance_k
  const at::Tensor weight = mean_->weight.to(input.mean.scalar_type());
  const at::Tensor scaled = weight.unsqueeze(0) * input.variance.unsqueeze(1);  // [batch, out, in]
  return scaled.matmul(weight.t()) + at::diag_embed(own_variance(input));
}

at::Tensor VariationalDense::divergence() const {
  return divergence_of(mean_->weight, weight_log_ratio_, prior_deviation_) +
         divergence_of(mean_->bias, bias_log_ratio_, prior_deviation_);
}

}  // namespace hpcai::models
