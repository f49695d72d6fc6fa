#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/winograd/cpu/winograd_passes.h"

// The order of the passes of a convolution and of its weight's gradient.
namespace hpcai::kernels::winograd_cpu {

struct Shape {
  int64_t batch, in, out, height, width, padding;

  Shape(const at::Tensor& input, int64_t outputs, int64_t pad)
      : batch(input.size(0)), in(input.size(1)), out(outputs), height(input.size(2)), width(input.size(3)), padding(pad) {}

  int64_t out_height() const { return height + 2 * padding - 2; }
  int64_t out_width() const { return width + 2 * padding - 2; }
  int64_t down() const { return (out_height() + kTile - 1) / kTile; }
  int64_t across() const { return (out_width() + kTile - 1) / kTile; }
  int64_t tiles() const { return batch * down() * across(); }
  Tiling of_input() const { return {height, width, in, down(), across(), padding}; }
  Tiling of_output() const { return {out_height(), out_width(), out, down(), across(), /*padding=*/0}; }
};

// The convolution of images [batch, in, height, width], channels-last, float32 or bfloat16, with float32 kernels [out][in][3][3],
// whose strides may swap inputs and outputs. `turned`: with kernels turned by 180 degrees. Returns [batch, out, out_height,
// out_width], channels-last, in the type of the images.
at::Tensor convolve(const at::Tensor& images, const Shape& shape, const float* kernels, const KernelStrides& strides,
                    bool turned);

// The gradient of the kernels, given that of the output; in the layout of `weight`.
at::Tensor weight_gradient(const at::Tensor& images, const Shape& shape, const at::Tensor& dy, const at::Tensor& weight);

KernelStrides strides_of(const at::Tensor& weight);

}  // namespace hpcai::kernels::winograd_cpu
