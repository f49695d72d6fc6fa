#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {

// Rows above the image, and columns left of it, that belong to the first window of a pool: 0 or 1 each.
struct PoolPadding {
  int64_t top, left;
};

// A batch norm, with or without a ReLU, and the 3x3 max pool of stride 2 behind it: input [batch, channels, height, width] ->
// [batch, channels, (height + 1) / 2, (width + 1) / 2], channels-last, of its type. Windows end at the edge of the image. Neither
// the norm's output nor its gradient is stored, and the backward pass keeps one byte for each output. Differentiable once in
// input, gamma and beta; moves the running statistics and throws as batch_norm does. Does not depend on the number of threads.
// The input must be one that norm_pool_supports.
at::Tensor norm_pool(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options, PoolPadding padding);

// The same, made of LibTorch's operators and batch_norm_reference.
at::Tensor norm_pool_reference(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options,
                               PoolPadding padding);

// The pool alone, made of LibTorch's operators, on any device.
at::Tensor max_pool(const at::Tensor& input, PoolPadding padding);

// Whether norm_pool takes this input: float32 or bfloat16 on a CPU, channels-last, the number of channels a multiple of 8.
bool norm_pool_supports(const at::Tensor& input);

}  // namespace hpcai::kernels
