#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// A convolution of square kernels with a stride: input [batch, in, height, width] channels-last, float32 or bfloat16, weight
// [out, in, kernel, kernel] float32, zero padding on each side -> at::conv2d(input, weight, {}, stride, padding) in the type of
// the input. The forward pass and the gradient of the input are those of widened_convolution.h: LibTorch's in float32. The
// gradient of the weight, float32, is one matrix product of the output's gradient and the patches of the input that the kernels
// see, [pixels, kernel * kernel * in]: on AVX2 oneDNN needs 1.4 to 3 times as long for it. Differentiable once. The input must be
// one that patch_convolution_supports.
at::Tensor patch_convolution(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding);

// Whether patch_convolution takes them: on a CPU, the input float32 or bfloat16 and channels-last, the weight float32.
bool patch_convolution_supports(const at::Tensor& input, const at::Tensor& weight);

}  // namespace hpcai::kernels
