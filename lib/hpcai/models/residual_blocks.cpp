#include "hpcai/models/residual_blocks.h"

namespace hpcai::models {
namespace {

// As activated(), of a tensor that is still needed.
at::Tensor activated_copy(const at::Tensor& input, Activation activation) {
  return activation == Activation::relu ? input.relu() : at::gelu(input);
}

}  // namespace

at::Tensor activated(at::Tensor input, Activation activation) {
  return activation == Activation::relu ? input.relu_() : at::gelu(input);
}

ResidualBlocks::ResidualBlocks(const ResidualConfig& config, Activation activation) : activation_(activation) {
  for (int64_t i = 0; i < config.blocks; ++i) {
    auto folder = register_module(std::to_string(i), std::make_shared<torch::nn::Module>());
    Block block;
    if (config.layer_norm) block.norm = folder->register_module("norm", std::make_shared<LayerNorm>(config.units));
    block.first = folder->register_module("first", std::make_shared<Dense>(config.units, config.units));
    block.second = folder->register_module("second", std::make_shared<Dense>(config.units, config.units));
    blocks_.push_back(std::move(block));
  }
}

at::Tensor ResidualBlocks::forward(const at::Tensor& input) const {
  at::Tensor x = input;
  for (const Block& block : blocks_) {
    const at::Tensor begin = block.norm ? activated(block.norm->forward(x), activation_) : activated_copy(x, activation_);
    x = x + block.second->forward(activated(block.first->forward(begin), activation_));
  }
  return activated_copy(x, activation_);
}

ResidualNetwork::ResidualNetwork(int64_t in, int64_t out, const ResidualConfig& config, Activation activation) {
  input_ = register_module("input", std::make_shared<Dense>(in, config.units));
  blocks_ = register_module("blocks", std::make_shared<ResidualBlocks>(config, activation));
  output_ = register_module("output", std::make_shared<Dense>(config.units, out));
}

at::Tensor ResidualNetwork::forward(const at::Tensor& input) const {
  return output_->forward(blocks_->forward(input_->forward(input)));
}

}  // namespace hpcai::models
