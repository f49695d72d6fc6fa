#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {

// The passes of a batch norm on a GPU; libhpcai_cuda.so has them. `input`, `grad` (of the output) and results of their shape are
// [rows, C] or channels-last images [batch, C, height, width], float32, bfloat16 or float16. `statistics` [2, C] are mean and
// 1 / sqrt(variance + eps). All other tensors are float32 [C] unless said otherwise. Asynchronous on the current stream.
struct CudaBatchNorm {
  // The statistics of one rank's input; moves the running ones.
  at::Tensor (*statistics)(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) = nullptr;
  // For the sum over ranks, float64 [2 C + 1]: sums, sums of squares, count.
  at::Tensor (*sums)(const at::Tensor& input) = nullptr;
  // The statistics of all ranks from the sum of these; moves the running ones.
  at::Tensor (*statistics_of_sums)(const at::Tensor& sums, const NormTensors& tensors, const BatchNormOptions& options) = nullptr;
  // The normalised input y, or with `relu` max(0, y).
  at::Tensor (*normalise)(const at::Tensor& input, const at::Tensor& statistics, const NormTensors& tensors, bool relu) = nullptr;

  struct GradientSums {
    at::Tensor gradients;    // [3, C]: of gamma, beta and offset
    at::Tensor input_terms;  // [2, C]: coefficients of input_gradient; `over_ranks`: the float64 sums of dy and dy (v - mean)
  };
  // Sums over one rank's rows.
  GradientSums (*gradient_sums)(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics,
                                const NormTensors& tensors, bool relu, bool over_ranks) = nullptr;
  // d v = scale (dy - coefficients[0] - (v - mean) coefficients[1]), coefficients [2, C].
  at::Tensor (*input_gradient)(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics,
                               const at::Tensor& coefficients, const NormTensors& tensors, bool relu) = nullptr;
};

// batch_norm on a GPU through these passes; shapes and contract as there. They must be loaded.
at::Tensor cuda_batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);

// Whether the passes are loaded and take the type of input [rows, C] or [batch, C, height, width]; says nothing of its layout.
bool cuda_batch_norm_supports(const at::Tensor& input, const NormTensors& tensors);

}  // namespace hpcai::kernels
