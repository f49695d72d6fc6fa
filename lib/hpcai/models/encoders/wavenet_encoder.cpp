#include "hpcai/models/encoders/wavenet_encoder.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"

namespace hpcai::models {

WaveNetEncoder::WaveNetEncoder(const WaveNetEncoderConfig& config, const EncoderShape& shape, int64_t features,
                               Activation activation)
    : Encoder(shape), config_(config), activation_(activation) {
  if (config.pool_steps > shape.steps) {
    throw Error(
        ExitCode::usage,
        fmt::format("model.encoder.pool_steps: {} is more than the {} time steps of a series", config.pool_steps, shape.steps),
        "make it smaller, or the series longer");
  }
  const WaveNetConfig layer{.residual_channels = config.residual_channels,
                            .gate_channels = config.gate_channels,
                            .layers_per_cycle = config.layers_per_cycle,
                            .cycles = config.cycles,
                            .batch_norm = BatchNormMode::none};
  folder_ = register_module("layers", std::make_shared<torch::nn::Module>());
  int64_t in = shape.channels;
  for (const int64_t dilation : dilations_of(layer)) {
    layers_.push_back(
        folder_->register_module(std::to_string(layers_.size()), std::make_shared<GatedLayer>(in, dilation, layer)));
    in = config.residual_channels;
  }
  pool_ = register_module("pool", std::make_shared<Dense>(config.pool_steps * in, config.pool_channels));
  const int64_t inputs = shape.steps / config.pool_steps * config.pool_channels + summary_values();
  dense_ = register_module("dense", std::make_shared<ResidualNetwork>(inputs, features, config.residual, activation));
}

at::Tensor WaveNetEncoder::forward(const at::Tensor& input) const {
  const at::Tensor skips = gated_layers(series(input).transpose(1, 2), layers_);  // [batch, time, channel]
  const int64_t pools = skips.size(1) / config_.pool_steps, used = pools * config_.pool_steps;
  const at::Tensor pieces = skips.narrow(1, skips.size(1) - used, used).reshape({skips.size(0), pools, -1});
  return dense_->forward(with_summary(activated(pool_->forward(pieces), activation_).flatten(1), input));
}

}  // namespace hpcai::models
