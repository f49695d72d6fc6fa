#pragma once

#include <ATen/core/Tensor.h>

namespace hpcai::kernels::cuda {

// As TimeTapsKernel, on contiguous CUDA tensors input [batch, time, C] and grad [batch, time, 2 C] of type float, double,
// bfloat16 or float16; asynchronous on the current stream.
at::Tensor taps_forward(const at::Tensor& input, int64_t dilation);
at::Tensor taps_backward(const at::Tensor& grad, int64_t dilation);

}  // namespace hpcai::kernels::cuda
