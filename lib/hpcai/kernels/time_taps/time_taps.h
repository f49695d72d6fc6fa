#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// The two values that a convolution of width 2 sees at each step, side by side: input [batch, time, C] -> [batch, time, 2 C]. At
// step t these are the values of steps t - left and t - left + dilation, where left = floor(dilation / 2); zero outside.
// Differentiable once, for any floating type. One kernel on GPUs, once the GPU kernels are loaded; the reference elsewhere.
at::Tensor time_taps(const at::Tensor& input, int64_t dilation);

// The same, made of LibTorch's operators, in any type, on any device: what the kernel is tested against.
at::Tensor time_taps_reference(const at::Tensor& input, int64_t dilation);

// The two passes on contiguous tensors: input [batch, time, C], grad [batch, time, 2 C].
struct TimeTapsKernel {
  at::Tensor (*forward)(const at::Tensor& input, int64_t dilation) = nullptr;
  at::Tensor (*backward)(const at::Tensor& grad, int64_t dilation) = nullptr;
};

}  // namespace hpcai::kernels
