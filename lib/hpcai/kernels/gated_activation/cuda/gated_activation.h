#pragma once

#include <ATen/core/Tensor.h>

namespace hpcai::kernels::cuda {

// As GatedActivationKernel, on contiguous CUDA tensors merged [..., 2 G] and grad [..., G] of type float, double, bfloat16 or
// float16; asynchronous on the current stream.
at::Tensor gated_forward(const at::Tensor& merged);
at::Tensor gated_backward(const at::Tensor& grad, const at::Tensor& merged);

}  // namespace hpcai::kernels::cuda
