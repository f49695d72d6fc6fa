#include "hpcai/models/resnet.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/models/initialise.h"
#include "hpcai/models/symmetry.h"

namespace hpcai::models {
namespace {

constexpr double kNormEps = 1e-5;
constexpr double kNormMomentum = 0.1;
constexpr int64_t kExpansion = 4;

std::shared_ptr<BatchNorm> make_norm(int64_t channels, const ResNetConfig& config) {
  return std::make_shared<BatchNorm>(channels, config.batch_norm, kNormEps, kNormMomentum);
}

}  // namespace

Bottleneck::Bottleneck(int64_t in, int64_t middle, int64_t stride, const ResNetConfig& config) {
  const int64_t out = kExpansion * middle;
  const auto add = [&](int number, int64_t from, int64_t to, int64_t kernel, Conv2d::Options options) {
    convs_.push_back(register_module(fmt::format("conv{}", number), std::make_shared<Conv2d>(from, to, kernel, options)));
    norms_.push_back(register_module(fmt::format("bn{}", number), make_norm(to, config)));
  };
  add(1, in, middle, 1, {});
  add(2, middle, middle, 3, {.stride = stride, .padding = 1});
  add(3, middle, out, 1, {});
  if (config.zero_init_last_gamma) norms_.back()->zero_gamma();
  if (stride == 1 && in == out) return;
  shortcut_ = std::make_shared<Conv2d>(in, out, 1, Conv2d::Options{.stride = stride});
  shortcut_norm_ = make_norm(out, config);
  auto downsample = register_module("downsample", std::make_shared<torch::nn::Module>());
  downsample->register_module("0", shortcut_);
  downsample->register_module("1", shortcut_norm_);
}

at::Tensor Bottleneck::forward(const at::Tensor& input) const {
  at::Tensor x, shortcut;
  if (shortcut_) {
    const auto [output, others_input] = shortcut_->forward_fork(input);
    shortcut = shortcut_norm_->forward(output);
    x = convs_.front()->forward(others_input);
  } else {
    const auto [output, others_input] = convs_.front()->forward_fork(input);
    x = output;
    shortcut = others_input;
  }
  const size_t last = convs_.size() - 1;
  for (size_t i = 0; i < last; ++i) x = convs_[i + 1]->forward(norms_[i]->forward_relu(x));
  return norms_[last]->forward_add(x, shortcut, /*relu=*/true);
}

ResNet::ResNet(const ResNetConfig& config, int64_t classes) : symmetry_(config.symmetry) {
  conv1_ = register_module("conv1", std::make_shared<Conv2d>(3, config.width, 7, Conv2d::Options{.stride = 2, .padding = 3}));
  bn1_ = register_module("bn1", make_norm(config.width, config));
  add_layer("conv1", {conv1_, bn1_});
  int64_t in = config.width, middle = config.width;
  for (size_t stage = 0; stage < config.blocks.size(); ++stage, middle *= 2) {
    auto folder = register_module(fmt::format("layer{}", stage + 1), std::make_shared<torch::nn::Module>());
    for (int64_t i = 0; i < config.blocks[stage]; ++i) {
      const int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      blocks_.push_back(folder->register_module(std::to_string(i), std::make_shared<Bottleneck>(in, middle, stride, config)));
      add_layer(fmt::format("layer{}.{}", stage + 1, i), {blocks_.back()});
      in = kExpansion * middle;
    }
  }
  fc_ = register_module("fc", std::make_shared<Dense>(in, classes));
  add_layer("head", {fc_});
}

at::Tensor ResNet::maps(const at::Tensor& input) {
  return symmetric_maps(symmetry_, input, is_training(), [this](const at::Tensor& views) { return plain_maps(views); });
}

at::Tensor ResNet::plain_maps(const at::Tensor& input) {
  at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
  x = pool_behind(*bn1_, /*relu=*/true, conv1_->forward(x), {1, 1});
  for (const auto& block : blocks_) x = block->forward(x);
  return x;
}

at::Tensor ResNet::summarise(const at::Tensor& maps) { return maps.mean({2, 3}); }

at::Tensor ResNet::classify(const at::Tensor& features) { return fc_->forward(features); }

std::shared_ptr<Model> make(const ResNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed) {
  if (input_shape.size() != 3 || input_shape[0] != 3) {
    throw Error(ExitCode::usage, fmt::format("model.type: resnet50 needs images of shape [3, height, width]; these are {}",
                                             c10::str(at::IntArrayRef(input_shape.data(), input_shape.size()))));
  }
  require_square(config.symmetry, input_shape[1], input_shape[2]);
  auto model = std::make_shared<ResNet>(config, outputs);
  initialise_he_fan_out(*model, seed);
  return model;
}

}  // namespace hpcai::models
