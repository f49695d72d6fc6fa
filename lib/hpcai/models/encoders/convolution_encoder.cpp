#include "hpcai/models/encoders/convolution_encoder.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"

namespace hpcai::models {

ConvolutionEncoder::ConvolutionEncoder(const ConvolutionEncoderConfig& config, const EncoderShape& shape, int64_t features,
                                       Activation activation)
    : Encoder(shape), activation_(activation) {
  if (config.channels.empty()) {
    throw Error(ExitCode::usage, "model.encoder.channels: the list is empty", "give the channels of the first convolution");
  }
  if (config.kernel > shape.steps) {
    throw Error(ExitCode::usage,
                fmt::format("model.encoder.kernel: {} is more than the {} time steps of a series", config.kernel, shape.steps),
                "make it smaller, or the series longer");
  }
  convolutions_ = register_module("convolutions", std::make_shared<torch::nn::Module>());
  int64_t in = config.channels[0], steps = (shape.steps - config.kernel) / config.stride + 1;
  input_ = convolutions_->register_module(
      "input", std::make_shared<Conv1d>(shape.channels, in, config.kernel, Conv1d::Options{.stride = config.stride}));
  for (size_t i = 1; i < config.channels.size(); ++i) {
    const int64_t out = config.channels[i];
    auto folder = convolutions_->register_module(std::to_string(i), std::make_shared<torch::nn::Module>());
    Block block;
    block.shortcut = folder->register_module("shortcut", std::make_shared<Conv1d>(in, out, 1, Conv1d::Options{.stride = 2}));
    block.first =
        folder->register_module("first", std::make_shared<Conv1d>(in, out, 3, Conv1d::Options{.stride = 2, .padding = 1}));
    block.second = folder->register_module("second", std::make_shared<Conv1d>(out, out, 3, Conv1d::Options{.padding = 1}));
    blocks_.push_back(std::move(block));
    in = out;
    steps = (steps + 1) / 2;
  }
  dense_ = register_module(
      "dense", std::make_shared<ResidualNetwork>(in * steps + summary_values(), features, config.residual, activation));
}

at::Tensor ConvolutionEncoder::forward(const at::Tensor& input) const {
  at::Tensor x = activated(input_->forward(series(input)), activation_);
  for (const Block& block : blocks_) {
    const at::Tensor branch = block.second->forward(activated(block.first->forward(x), activation_));
    x = activated(branch + block.shortcut->forward(x), activation_);
  }
  return dense_->forward(with_summary(x.flatten(1), input));
}

}  // namespace hpcai::models
