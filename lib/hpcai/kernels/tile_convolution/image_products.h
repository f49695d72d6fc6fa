#pragma once

#include <ATen/ATen.h>

// The three passes of a convolution of bfloat16 images in tiles: a square kernel, no groups. Images are channels-last, weights
// are float32 and are rounded to bfloat16 when they are multiplied, sums are float32, and what is an image is rounded once.
namespace hpcai::kernels::image_products {

struct Sizes {
  int64_t stride = 1, padding = 0;
};

// input [batch, in, height, width], weight [out, in, kernel, kernel] -> [batch, out, height', width'].
at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight, const Sizes& sizes);

// The gradient of the input: written to `of_input`, or with `add` added to it.
void input_gradient(const at::Tensor& dy, const at::Tensor& weight, const Sizes& sizes, bool add, const at::Tensor& of_input);

// The gradient of the weight, float32.
at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight, const Sizes& sizes);

}  // namespace hpcai::kernels::image_products
