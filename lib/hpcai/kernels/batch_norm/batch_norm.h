#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels {

struct BatchNormOptions {
  NormSource norm = NormSource::batch;
  double eps = 0, momentum = 0;  // momentum: the weight of the new batch in the running statistics
  Sum sum = {};                  // for statistics of all ranks; they may hold different numbers of samples, also none
  bool relu = false;             // max(0, y) instead of y
  // [channels], counts as part of the input: for what the caller left out because it cancels in the output, such as the bias of
  // the layer before. Counts in the running mean; its gradient is 0. On GPUs with NormSource::batch only.
  at::Tensor offset = {};
};

// Batch normalisation over dimension 1 of input [batch, channels] or [batch, channels, height, width], with the shape and
// type of the input; differentiable in input, gamma and beta, and moves the running statistics (unbiased variance) where
// options.norm is batch. Each pass reads the values once more and writes them once, which is what fusing saves: LibTorch's
// reads them three times, and a ReLU twice more. The result does not depend on the number of threads.
// The input must be one that batch_norm_supports. Throws Error{usage} where all ranks together have one value a channel; on a
// GPU this is checked only without options.sum, since reading the number of all ranks would wait for the device.
at::Tensor batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);

// The same, made of LibTorch's operators, for input [batch, channels, ...] on any device, in any layout and floating type: what
// the fused operator is tested against. Covers all options, and NormSource::none. Computes in the input's type, at least
// float32. With options.sum the backward pass calls it, too: all ranks must run it, in the same order.
at::Tensor batch_norm_reference(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);

// Whether batch_norm takes this input [batch, channels] or [batch, channels, height, width]: its channels lie side by side (the
// images are channels-last), and its type is float32 or bfloat16 on a CPU; float32, bfloat16 or float16 on a GPU, once its
// kernels are loaded. The tensors of the norm keep their 32 bits: float32, or on a CPU float64.
bool batch_norm_supports(const at::Tensor& input, const NormTensors& tensors);

// The same with `addend`, of the shape of the input, added in the same pass: norm(input) + addend, or with options.relu its ReLU.
// Differentiable in addend, too. On CPUs only. The tensors must be ones that batch_norm_add_supports.
at::Tensor batch_norm_add(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors,
                          const BatchNormOptions& options);
at::Tensor batch_norm_add_reference(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors,
                                    const BatchNormOptions& options);

// Whether batch_norm_add takes them: an input that batch_norm_supports on a CPU, and an addend of its layout and type.
bool batch_norm_add_supports(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors);

// Throws Error{usage}: the normalised value would be 0 whatever the input is, and the running variance 0/0.
[[noreturn]] void refuse_lone_values();

}  // namespace hpcai::kernels
