#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/kernels/batch_norm/folded_norm.h"
#include "hpcai/kernels/dropout/dropout_key.h"

namespace hpcai::kernels {

// Parameters of the two convolutions with C and W input channels; float32 on the CPU for time_tail.
struct TimeTailTensors {
  at::Tensor wide_weight, wide_bias;  // [W, C, 1], [W]
  NormTensors wide_norm = {};         // of W channels
  at::Tensor thin_weight, thin_bias;  // [1, W, 1], [1]
};

struct TimeTailOptions {
  NormSource norm = NormSource::batch;
  double eps = 0, momentum = 0;       // momentum: the weight of the new batch in the running statistics
  Sum sum = {};                       // for statistics of all ranks; empty: of this rank's samples
  double dropout = 0;                 // the dropped part, in [0, 1)
  std::vector<DropoutKey> keys = {};  // one a sample, unless dropout is 0; a value has the index t W + channel in its sample
};

// The end of the waveform network: thin(dropout(relu(norm(wide(relu(skips)))))) with two 1x1 convolutions, skips [batch, time, C]
// -> [batch, time]. The W channels in between live in the first cache level only; the backward pass computes them again.
// Differentiable in skips and parameters; NormSource::batch moves the running statistics. The result does not depend on the
// number of threads. The arguments must be such that time_tail_supports them.
at::Tensor time_tail(const at::Tensor& skips, const TimeTailTensors& tensors, const TimeTailOptions& options);

// The same, made of LibTorch's operators, in any floating type, with any C and W: what the fused operator is tested against.
// Drops the same values. With options.sum the backward pass calls it, too. On the CPU only, as the keys are.
at::Tensor time_tail_reference(const at::Tensor& skips, const TimeTailTensors& tensors, const TimeTailOptions& options);

// Whether time_tail takes these arguments: skips [batch, time, C] float32 on the CPU, C and W multiples of 16.
bool time_tail_supports(const at::Tensor& skips, const TimeTailTensors& tensors);

}  // namespace hpcai::kernels
