#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"
#include "hpcai/models/config.h"

namespace hpcai::models {

// Replaces a tensor by its sum over all ranks. All ranks call it in the same order and with tensors of the same shape.
using SumOverRanks = kernels::Sum;

// Keras's defaults. Keras's momentum 0.99 is the weight of the old statistics; here momentum is the weight of the new ones.
inline constexpr double kKerasNormEps = 1e-3;

// Batch normalisation over dimension 1: [batch, channel], [batch, channel, time] or [batch, channel, height, width].
//
//   mode           in training                                                  running statistics
//   local          mean and variance of the input: this rank's batch, or one
//                  shard with distributed.deterministic_shards                  updated
//   synchronised   mean and variance of the batches of all ranks together, also
//                  in the gradients: equal to one rank with the whole batch     updated, equal on all ranks
//   frozen         running statistics; weight and bias are trained              fixed
//   none           identity: no parameters, no buffers
//
// In evaluation every mode uses the running statistics. After use_batch(false) a layer also uses them in training and does not
// update them, as Keras does with trainable = False. Model::set_trainable_from does this to the layers that it freezes.
// `momentum` is the weight of the new batch in the running statistics (Keras's momentum m is 1 - m here). The running variance
// receives the unbiased batch variance, with the factor n/(n-1), as in PyTorch and in TensorFlow's fused 4-D kernel. Keras's 3-D
// layers use the biased variance, which differs by 1/n and matters in evaluation only.
class BatchNorm : public torch::nn::Module {
 public:
  // `eps`: added to the variance. `momentum`: see above.
  BatchNorm(int64_t channels, BatchNormMode mode, double eps, double momentum);

  // input [batch, channel, ...] -> the same shape. Throws Error{usage} if the statistics of a batch would have one value a
  // channel.
  at::Tensor forward(const at::Tensor& input) { return normalise(input, false); }
  at::Tensor forward_relu(const at::Tensor& input) { return normalise(input, true); }  // max(0, forward(input))
  // forward(input) + addend, or with `relu` its ReLU; addend has the shape of the input.
  at::Tensor forward_add(const at::Tensor& input, const at::Tensor& addend, bool relu);
  // forward(input + offset), or forward_relu with `relu`; input [batch, channel], offset [channel]. With batch statistics the
  // offset cancels in the output. The GPU kernel then adds it to the running mean only, and its gradient is exactly 0.
  at::Tensor forward_offset(const at::Tensor& input, const at::Tensor& offset, bool relu);

  // Sets the sum of mode `synchronised`. Without a sum this mode computes as `local`.
  void synchronise(SumOverRanks sum) { sum_ = std::move(sum); }
  // Whether training uses batch statistics; see above.
  void use_batch(bool use) { use_batch_ = use; }
  // While held, training keeps the running statistics as they are.
  void hold_statistics(bool hold) { hold_ = hold; }
  void zero_gamma();  // sets the weight to 0, for the last norm of a residual block

  BatchNormMode mode() const { return mode_; }
  double eps() const { return eps_; }
  double momentum() const { return momentum_; }
  const SumOverRanks& sum() const { return sum_; }
  // Whether the next forward() takes its statistics from the batch.
  bool uses_batch_statistics() const;
  // Those of the next forward() or forward_relu(), for a kernel that computes the norm together with something else.
  kernels::BatchNormOptions kernel_options(bool relu) const;

  at::Tensor weight, bias, running_mean, running_var;  // [channels]; undefined in mode none
  kernels::NormTensors tensors() const {
    return {.gamma = weight, .beta = bias, .running_mean = running_mean, .running_var = running_var};
  }

 private:
  double weight_of_batch() const { return hold_ ? 0 : momentum_; }
  at::Tensor normalise(const at::Tensor& input, bool relu, const at::Tensor& offset = {});
  at::Tensor normalise_generic(const at::Tensor& input);

  BatchNormMode mode_;
  double eps_, momentum_;
  bool use_batch_ = true;
  bool hold_ = false;
  SumOverRanks sum_;
};

}  // namespace hpcai::models
