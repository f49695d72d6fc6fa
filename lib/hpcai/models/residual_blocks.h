#pragma once

#include <memory>
#include <vector>

#include "hpcai/models/config.h"
#include "hpcai/models/layers.h"

namespace hpcai::models {

// relu, or gelu (Hendrycks, Gimpel 2016; exact), of a tensor that the caller does not need any more.
at::Tensor activated(at::Tensor input, Activation activation);

// Residual blocks of two dense layers in the order of He et al. 2016 ("Identity mappings"):
//   x + second(act(first(act(norm(x))))), [..., units] -> [..., units].
// The norm is the identity without `layer_norm`. After the last block comes an activation.
class ResidualBlocks : public torch::nn::Module {
 public:
  ResidualBlocks(const ResidualConfig& config, Activation activation);
  at::Tensor forward(const at::Tensor& input) const;

 private:
  struct Block {
    std::shared_ptr<LayerNorm> norm;  // may be null
    std::shared_ptr<Dense> first, second;
  };
  Activation activation_;
  std::vector<Block> blocks_;
};

// A dense layer to the units of residual blocks, the blocks, and a dense layer behind them: [..., in] -> [..., out].
class ResidualNetwork : public torch::nn::Module {
 public:
  ResidualNetwork(int64_t in, int64_t out, const ResidualConfig& config, Activation activation);
  at::Tensor forward(const at::Tensor& input) const;

 private:
  std::shared_ptr<Dense> input_, output_;
  std::shared_ptr<ResidualBlocks> blocks_;
};

}  // namespace hpcai::models
