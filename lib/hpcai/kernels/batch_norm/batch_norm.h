#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels {

struct BatchNormOptions {
  NormSource source = NormSource::batch;  // or running
  double eps = 0, momentum = 0;
  Sum sum;            // over ranks; they may hold different numbers of samples, also none
  bool relu = false;  // max(0, y) instead of y
  // GPUs, NormSource::batch: [channels], what the caller left out of the input because it cancels in the output, such as the
  // bias of a layer before it. Counts in the running mean; its gradient is 0.
  at::Tensor offset = {};
};

// Batch normalisation over dimension 1, differentiable in input, gamma and beta: each pass reads the values once more and
// writes them once, which is what a fused kernel can save (LibTorch's reads them three times, and a ReLU twice more). Sums
// are taken in an order that does not depend on the number of threads. Throws Error{usage} where all ranks together have
// one value a channel.
at::Tensor batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);

// Values whose channels lie side by side, [batch, channel] or channels-last images: float32 on a CPU; float32, bfloat16 or
// float16 on a GPU, once its kernels are loaded.
bool batch_norm_supports(const at::Tensor& input, const NormTensors& tensors);

// Throws Error{usage}: the normalised value would be 0 whatever the input is, and the running variance 0/0.
[[noreturn]] void refuse_lone_values();

}  // namespace hpcai::kernels
