#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// The two values that a convolution of width 2 sees at each step, side by side: [batch, time, C] -> [batch, time, 2 C], at step t
// those of the steps t - left and t - left + dilation with left = dilation / 2; zero outside. Differentiable. One kernel on
// GPUs, once the CUDA part is loaded.
at::Tensor time_taps(const at::Tensor& input, int64_t dilation);

// The same from LibTorch's operators.
at::Tensor time_taps_reference(const at::Tensor& input, int64_t dilation);

// The two passes on contiguous tensors.
struct TimeTapsKernel {
  at::Tensor (*forward)(const at::Tensor& input, int64_t dilation) = nullptr;
  at::Tensor (*backward)(const at::Tensor& grad, int64_t dilation) = nullptr;
};

}  // namespace hpcai::kernels
