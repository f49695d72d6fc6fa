#pragma once

#include "hpcai/models/encoders/encoder.h"
#include "hpcai/models/residual_blocks.h"

namespace hpcai::models {

// Residual convolutions over time, then a residual network of all their values and the summary. The first convolution has a wide
// kernel and stride. Each block halves the steps:
//   act(shortcut(x) + second(act(first(x)))), `first` and `second` have width 3, `first` and `shortcut` stride 2.
class ConvolutionEncoder : public Encoder {
 public:
  // Throws Error{usage} if a series is shorter than the first kernel, or there are no channels.
  ConvolutionEncoder(const ConvolutionEncoderConfig& config, const EncoderShape& shape, int64_t features, Activation activation);
  at::Tensor forward(const at::Tensor& input) const override;
  Parts parts() const override { return {{"convolutions", convolutions_}, {"dense", dense_}}; }

 private:
  struct Block {
    std::shared_ptr<Conv1d> shortcut, first, second;
  };
  Activation activation_;
  std::shared_ptr<torch::nn::Module> convolutions_;
  std::shared_ptr<Conv1d> input_;
  std::vector<Block> blocks_;
  std::shared_ptr<ResidualNetwork> dense_;
};

}  // namespace hpcai::models
