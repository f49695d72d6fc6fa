#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {

// The passes of a batch norm on a GPU, over values whose channels lie side by side: [rows, C] or channels-last images, float32,
// bfloat16 or float16. All else is float32 [C] unless said otherwise. Asynchronous on the current stream.
struct CudaBatchNorm {
  // Of one rank: [2, C], mean and 1 / sqrt(variance + eps); moves the running statistics.
  at::Tensor (*statistics)(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) = nullptr;
  // For the sum over ranks: [2 C + 1] float64, sums, sums of squares and count.
  at::Tensor (*sums)(const at::Tensor& input) = nullptr;
  at::Tensor (*statistics_of_sums)(const at::Tensor& sums, const NormTensors& tensors, const BatchNormOptions& options) = nullptr;
  // The input normalised, with or without a ReLU.
  at::Tensor (*normalise)(const at::Tensor& input, const at::Tensor& statistics, const NormTensors& tensors, bool relu) = nullptr;

  // Of a rank's rows: gradients of gamma, beta and offset [3, C], and [2, C] for input_gradient or, `over_ranks`, the float64
  // sums of dy and dy (v - mean) that it is made from.
  struct Sums {
    at::Tensor gradients, rest;
  };
  Sums (*gradient_sums)(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics, const NormTensors& tensors,
                        bool relu, bool over_ranks) = nullptr;
  at::Tensor (*input_gradient)(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics,
                               const at::Tensor& coefficients, const NormTensors& tensors, bool relu) = nullptr;
};

// batch_norm on a GPU, through these passes; cuda_batch_norm_supports: whether they are there and take the input.
at::Tensor cuda_batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);
bool cuda_batch_norm_supports(const at::Tensor& input, const NormTensors& tensors);

}  // namespace hpcai::kernels
