#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

struct ConvolutionSizes {
  int64_t stride = 1, padding = 0, groups = 1;
};

// LibTorch's float32 convolution of images that are stored as float32 or bfloat16, input [batch, in, height, width] and weight
// [out, in / groups, kernel, kernel], bias [out] or undefined, both float32, with one rounding to `type`: the output is bfloat16
// or float32. Quicker than LibTorch's bfloat16 convolution where bfloat16 products are slow (bfloat16_products.h). The copies in
// float32 are not kept for the backward pass. Differentiable once in all three; the gradient of the input has its type, those of
// weight and bias are float32.
at::Tensor widened_convolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                               const ConvolutionSizes& sizes, at::ScalarType type);

// Its passes, for operators with a gradient of the weight of their own.
at::Tensor convolve_widened(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                            const ConvolutionSizes& sizes, at::ScalarType type);
at::Tensor widened_input_gradient(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight,
                                  const ConvolutionSizes& sizes);

}  // namespace hpcai::kernels
