#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/kernels/dropout/dropout_mask.h"
#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels {

struct TimeTailTensors {
  at::Tensor wide_weight, wide_bias;  // [W, C, 1], [W]
  NormTensors wide_norm;
  at::Tensor thin_weight, thin_bias;  // [1, W, 1], [1]
};

struct TimeTailOptions {
  NormSource norm = NormSource::batch;
  double eps = 0, momentum = 0;
  Sum sum;
  double dropout = 0;
  std::vector<DropoutKey> keys;  // one a sample; the index of a value in it is t W + channel
};

// thin(dropout(relu(norm(wide(relu(skips)))))) with two 1x1 convolutions, [batch, time, C] -> [batch, time]. The W channels
// in between live in the first cache level only; the backward pass computes them again. float32 on the CPU, C and W
// multiples of 16. Differentiable in skips and parameters.
at::Tensor time_tail(const at::Tensor& skips, const TimeTailTensors& tensors, const TimeTailOptions& options);

bool time_tail_supports(const at::Tensor& skips, const TimeTailTensors& tensors);

}  // namespace hpcai::kernels
