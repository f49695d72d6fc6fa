#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"
#include "hpcai/models/config.h"

namespace hpcai::models {

// Every rank calls it with the same shape and in the same order.
using SumOverRanks = kernels::Sum;

// Keras's defaults; its momentum 0.99 is the weight of the old statistics.
inline constexpr double kKerasNormEps = 1e-3;
inline constexpr double kKerasNormMomentum = 0.01;

// Batch normalisation over dimension 1: [batch, channel], [batch, channel, time] or [batch, channel, height, width].
//
//   mode           in training                                                  running statistics
//   local          mean and variance of this rank's batch                       updated
//   synchronised   mean and variance over the batches of all ranks, gradients
//                  included; the same as one rank with the whole batch          updated, equal on all ranks
//   frozen         running statistics; weight and bias are still trained        fixed
//   none           identity: no parameters, no buffers
//
// In evaluation every mode uses the running statistics. A layer switched off by use_batch(false) uses them in training,
// too, and leaves them as they are: so Model::set_trainable_from treats the layers that it freezes, as Keras does with a
// batch norm of trainable = False.
// `momentum` is the weight of the new batch in the running statistics (Keras's momentum m is 1 - m here). The running
// variance takes the unbiased batch variance, n/(n-1), as PyTorch does and as TensorFlow's fused 4-D kernel does;
// Keras's 3-D layers take the biased one, a difference of 1/n in a statistic that is used in evaluation only.
class BatchNorm : public torch::nn::Module {
 public:
  BatchNorm(int64_t channels, BatchNormMode mode, double eps, double momentum);

  at::Tensor forward(const at::Tensor& input) { return normalise(input, false); }
  at::Tensor forward_relu(const at::Tensor& input) { return normalise(input, true); }  // max(0, forward(input))
  // Of input + offset, [channels]. Where a kernel takes the statistics from the batch, in which the offset cancels, it is not
  // added: it counts in the running mean, and its gradient is exactly 0.
  at::Tensor forward_offset(const at::Tensor& input, const at::Tensor& offset, bool relu);

  // Sets the sum that `synchronised` uses; without one the layer is a group of its own.
  void synchronise(SumOverRanks sum) { sum_ = std::move(sum); }
  void use_batch(bool use) { use_batch_ = use; }
  void zero_gamma();  // the initial weight 0 instead of 1, for the last norm of a residual block

  BatchNormMode mode() const { return mode_; }
  double eps() const { return eps_; }
  double momentum() const { return momentum_; }
  const SumOverRanks& sum() const { return sum_; }
  // True when the next forward takes its statistics from the batch.
  bool uses_batch_statistics() const;

  at::Tensor weight, bias, running_mean, running_var;  // [channels]; undefined in mode none
  kernels::NormTensors tensors() const {
    return {.gamma = weight, .beta = bias, .running_mean = running_mean, .running_var = running_var};
  }

 private:
  at::Tensor normalise(const at::Tensor& input, bool relu, const at::Tensor& offset = {});
  at::Tensor normalise_generic(const at::Tensor& input);

  BatchNormMode mode_;
  double eps_, momentum_;
  bool use_batch_ = true;
  SumOverRanks sum_;
};

}  // namespace hpcai::models
