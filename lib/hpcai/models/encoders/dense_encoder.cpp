#include "hpcai/models/encoders/dense_encoder.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/models/principal_components.h"

namespace hpcai::models {

DenseEncoder::DenseEncoder(const DenseEncoderConfig& config, const EncoderShape& shape, int64_t features, Activation activation)
    : Encoder(shape), config_(config) {
  if (config.components > shape.steps) {
    throw Error(
        ExitCode::usage,
        fmt::format("model.encoder.components: {} is more than the {} time steps of a series", config.components, shape.steps),
        "make it smaller, or the series longer");
  }
  projection_ = register_module("projection", std::make_shared<torch::nn::Module>());
  for (int64_t channel = 0; channel < shape.channels; ++channel) {
    channels_.push_back(projection_->register_module(
        std::to_string(channel), std::make_shared<Dense>(shape.steps, config.components, /*with_bias=*/false)));
  }
  const int64_t inputs = shape.channels * config.components + summary_values();
  dense_ = register_module("dense", std::make_shared<ResidualNetwork>(inputs, features, config.residual, activation));
}

at::Tensor DenseEncoder::forward(const at::Tensor& input) const {
  const at::Tensor all = series(input);
  std::vector<at::Tensor> projected;
  for (size_t channel = 0; channel < channels_.size(); ++channel) {
    projected.push_back(channels_[channel]->forward(all.select(1, static_cast<int64_t>(channel))));
  }
  return dense_->forward(with_summary(at::cat(projected, 1), input));
}

void DenseEncoder::fit_to(const at::Tensor& examples) {
  if (!config_.principal_components) return;
  const at::NoGradGuard no_grad;
  const at::Tensor all = series(examples);
  for (size_t channel = 0; channel < channels_.size(); ++channel) {
    const PrincipalComponents found = principal_components(all.select(1, static_cast<int64_t>(channel)), config_.components);
    const at::Tensor mean_square = found.variances.mean();
    if (mean_square.item<double>() > 0) channels_[channel]->weight.copy_(found.directions / mean_square.sqrt());
  }
}

}  // namespace hpcai::models
