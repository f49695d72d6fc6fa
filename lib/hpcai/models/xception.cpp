#include "hpcai/models/xception.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/models/initialise.h"
#include "hpcai/models/symmetry.h"

namespace hpcai::models {
namespace {

int64_t scaled(int64_t channels, double factor) {
  return std::max<int64_t>(8, 8 * std::llround(static_cast<double>(channels) * factor / 8));
}

// Keras's "same" pads a 3x3 pool of stride 2 by one row on each side where the size is odd, and by one row at the end where it is
// even.
kernels::PoolPadding pool_padding(const at::Tensor& input, XceptionImplementation implementation) {
  if (implementation == XceptionImplementation::timm) return {1, 1};
  return {input.size(2) % 2, input.size(3) % 2};
}

}  // namespace

SeparableConv2d::SeparableConv2d(int64_t in, int64_t out) {
  depthwise_ = register_module("depthwise", std::make_shared<Conv2d>(in, in, 3, Conv2d::Options{.padding = 1, .groups = in}));
  pointwise_ = register_module("pointwise", std::make_shared<Conv2d>(in, out, 1, Conv2d::Options{}));
}

at::Tensor SeparableConv2d::forward_behind(BatchNorm* norm, bool relu, const at::Tensor& input) const {
  return pointwise_->forward(depthwise_->forward_behind(norm, relu, input));
}

at::Tensor Xception::convolve(const Separables& separables, const at::Tensor& input) {
  at::Tensor x = input;
  BatchNorm* norm = nullptr;
  bool relu = false;
  for (const Separable& separable : separables) {
    x = separable.conv->forward_behind(norm, relu || separable.relu_before, x);
    norm = separable.norm.get();
    relu = separable.relu_after;
  }
  return x;
}

at::Tensor Xception::DownBlock::operator()(const at::Tensor& input) const {
  const auto [shortcut, others_input] = residual->forward_fork(input);
  const at::Tensor output = convolve(separables, others_input);
  const at::Tensor pooled = pool_behind(*separables.back().norm, /*relu=*/false, output, pool_padding(output, implementation));
  return residual_norm->forward_add(shortcut, pooled, /*relu=*/false);
}

Xception::Xception(const XceptionConfig& config, int64_t classes) : config_(config) {
  const auto channels = [&](int64_t published) { return scaled(published, config.width_factor); };
  add_layer("input");
  conv1_ = register_module("block1_conv1",
                           std::make_shared<Conv2d>(3, channels(32), 3, Conv2d::Options{.stride = config.entry_stride}));
  add_layer("block1_conv1", {conv1_});
  norm1_ = add_norm("block1_conv1_bn", channels(32));
  add_layer("block1_conv1_act");
  conv2_ = register_module("block1_conv2", std::make_shared<Conv2d>(channels(32), channels(64), 3, Conv2d::Options{}));
  add_layer("block1_conv2", {conv2_});
  norm2_ = add_norm("block1_conv2_bn", channels(64));
  add_layer("block1_conv2_act");

  entry_.push_back(add_down_block(2, channels(64), channels(128), channels(128), /*relu_before=*/false));
  entry_.push_back(add_down_block(3, channels(128), channels(256), channels(256), true));
  entry_.push_back(add_down_block(4, channels(256), channels(728), channels(728), true));

  int number = 5;
  for (int64_t i = 0; i < config.middle_blocks; ++i, ++number) {
    auto& block = middle_.emplace_back();
    for (int j = 1; j <= 3; ++j) {
      block.push_back(add_separable(fmt::format("block{}_sepconv{}", number, j), channels(728), channels(728), true, false));
    }
    if (config.zero_init_last_gamma) block.back().norm->zero_gamma();
    add_layer(fmt::format("block{}_add", number));
  }

  exit_.push_back(add_down_block(number, channels(728), channels(728), channels(1024), true));
  ++number;
  last_.push_back(add_separable(fmt::format("block{}_sepconv1", number), channels(1024), channels(1536), false, true));
  last_.push_back(add_separable(fmt::format("block{}_sepconv2", number), channels(1536), channels(2048), false, true));

  add_layer("head");
  dense1_ = register_module("head_dense1", std::make_shared<Dense>(channels(2048), config.head_units));
  add_layer("head_dense1", {dense1_});
  add_layer("head_dropout");
  dense2_ = register_module("head_dense2", std::make_shared<Dense>(config.head_units, config.head_units));
  add_layer("head_dense2", {dense2_});
  predictions_ = register_module("predictions", std::make_shared<Dense>(config.head_units, classes));
  add_layer("predictions", {predictions_});
}

std::shared_ptr<BatchNorm> Xception::add_norm(const std::string& name, int64_t channels) {
  const double eps = config_.implementation == XceptionImplementation::timm ? kTimmNormEps : kKerasNormEps;
  auto norm = register_module(name, std::make_shared<BatchNorm>(channels, config_.batch_norm, eps, config_.batch_norm_momentum));
  add_layer(name, {norm});
  return norm;
}

Xception::Separable Xception::add_separable(const std::string& name, int64_t in, int64_t out, bool relu_before, bool relu_after) {
  if (relu_before) add_layer(name + "_act");
  auto conv = register_module(name, std::make_shared<SeparableConv2d>(in, out));
  add_layer(name, {conv});
  auto norm = add_norm(name + "_bn", out);
  if (relu_after) add_layer(name + "_act");
  return {conv, norm, relu_before, relu_after};
}

Xception::DownBlock Xception::add_down_block(int number, int64_t in, int64_t middle, int64_t out, bool relu_before) {
  const std::string block = fmt::format("block{}_", number);
  DownBlock down;
  down.implementation = config_.implementation;
  down.separables.push_back(add_separable(block + "sepconv1", in, middle, relu_before, false));
  down.separables.push_back(add_separable(block + "sepconv2", middle, out, true, false));
  if (config_.zero_init_last_gamma) down.separables.back().norm->zero_gamma();
  down.residual = register_module(block + "residual", std::make_shared<Conv2d>(in, out, 1, Conv2d::Options{.stride = 2}));
  add_layer(block + "residual", {down.residual});
  add_layer(block + "pool");
  down.residual_norm = add_norm(block + "residual_bn", out);
  add_layer(block + "add");
  return down;
}

at::Tensor Xception::maps(const at::Tensor& input) {
  return symmetric_maps(config_.symmetry, input, is_training(), [this](const at::Tensor& views) { return plain_maps(views); });
}

at::Tensor Xception::plain_maps(const at::Tensor& input) {
  at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
  x = norm1_->forward_relu(conv1_->forward(x));
  x = norm2_->forward_relu(conv2_->forward(x));
  for (const DownBlock& block : entry_) x = block(x);
  for (const Separables& block : middle_) x = block.back().norm->forward_add(convolve(block, x), x, /*relu=*/false);
  for (const DownBlock& block : exit_) x = block(x);
  return last_.back().norm->forward_relu(convolve(last_, x));
}

at::Tensor Xception::summarise(const at::Tensor& maps) {
  const at::Tensor hidden = dense1_->forward(maps.mean({2, 3})).relu();
  return dense2_->forward(is_training() ? hpcai::models::dropout(hidden, config_.dropout, randomness()) : hidden).relu();
}

at::Tensor Xception::classify(const at::Tensor& features) { return predictions_->forward(features); }

std::shared_ptr<Model> make(const XceptionConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed) {
  // two unpadded 3x3 convolutions, the first with the entry stride, must leave at least one pixel
  const int64_t smallest = config.entry_stride == 1 ? 5 : 7;
  if (input_shape.size() != 3 || input_shape[0] != 3 || std::min(input_shape[1], input_shape[2]) < smallest) {
    throw Error(ExitCode::usage,
                fmt::format("model.type: xception needs images of shape [3, height, width] of at least {} pixels; "
                            "these are {}",
                            smallest, c10::str(at::IntArrayRef(input_shape.data(), input_shape.size()))));
  }
  require_square(config.symmetry, input_shape[1], input_shape[2]);
  auto model = std::make_shared<Xception>(config, outputs);
  initialise_glorot_uniform(*model, seed);
  return model;
}

}  // namespace hpcai::models
