#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// A 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3): input [batch, in, height, width] float32 or bfloat16, weight [out, in,
// 3, 3] float32, zero padding of 0 or 1 pixels on each side -> [batch, out, height + 2 padding - 2, width + 2 padding - 2],
// channels-last, in the type of the input. Differentiable once in both. It multiplies a quarter as often as the sum over nine
// pixels. In float32 its results differ from the exact ones by up to 1.5e-5 of the largest value, and the gradient of the weight
// by up to 4e-5: more than the 1e-5 of a plain float32 convolution and far less than the 4e-3 of bfloat16 (docs/convolutions.md).
// bfloat16 images are transformed and multiplied as float32, and what is an image is rounded once. The results do not depend on
// the number of threads. The input must be one that winograd_supports.
at::Tensor winograd(const at::Tensor& input, const at::Tensor& weight, int64_t padding);

// The same, made of LibTorch's operators, in any floating type and layout, on any device.
at::Tensor winograd_reference(const at::Tensor& input, const at::Tensor& weight, int64_t padding);

// Whether winograd takes them: on a CPU, the input float32 or bfloat16 and channels-last, the weight float32, both numbers of
// channels multiples of 16.
bool winograd_supports(const at::Tensor& input, const at::Tensor& weight, int64_t padding);

// Whether it should then be faster than LibTorch's convolution: the transformed kernels, four times the size of the kernels, must
// be used by enough tiles. For bfloat16 it is not where the machine multiplies that many times as quickly.
bool winograd_pays(const at::Tensor& input, const at::Tensor& weight, int64_t padding);

}  // namespace hpcai::kernels
