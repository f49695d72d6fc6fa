#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// A convolution of bfloat16 images whose products are those of tile registers (Intel's AMX): input [batch, in, height, width]
// channels-last, weight [out, in, kernel, kernel] float32, stride 1 or 2, zero padding of at most half a kernel on each side ->
// [batch, out, height', width'], channels-last, bfloat16. The weight is rounded to bfloat16 when it is multiplied, and sums are
// float32. Output and gradient of the input are rounded once, the gradient of the weight is float32 and is not rounded.
// Differentiable once in both. The results do not depend on the number of threads. Without tile registers plain code computes the
// same, slowly. The input must be one that tile_convolution_supports.
at::Tensor tile_convolution(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding);

// The same, made of LibTorch's operators, in any floating type and layout, on any device.
at::Tensor tile_convolution_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding);

// Whether tile_convolution takes them: on a CPU, the input bfloat16 and channels-last, the weight float32, both numbers of
// channels multiples of 8.
bool tile_convolution_supports(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding);

// Whether it should then be faster than LibTorch's convolution, for an input that will be bfloat16: the machine must have tile
// registers, and a step, 32 channels, must mostly be full.
bool tile_convolution_pays(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding);

}  // namespace hpcai::kernels
