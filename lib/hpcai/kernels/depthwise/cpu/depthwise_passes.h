#pragma once

#include <cstdint>

namespace hpcai::kernels::depthwise_cpu {

// The passes of a depthwise 3x3 convolution of stride 1 that keeps the size: one pixel of zeros on each side. Images are [batch,
// height, width, channels] float32 (channels-last), channels a multiple of 8; kernels are [9][channels]. A pass takes rows of
// pixels [first, first + count), counted through all samples.
struct Rows {
  int64_t height, width, channels;
  int64_t first, count;
};

// Convolution of images, or with `relu` of max(0, images).
void convolve(const Rows& rows, const float* images, bool relu, const float* kernels, float* out);

// The gradient of the images, given dy and the kernels. `relu`: convolve() had it; the gradient is 0 where `images` <= 0. Without
// it `images` is not read.
void image_gradient(const Rows& rows, const float* dy, const float* kernels, bool relu, const float* images, float* out);

// Adds the gradient of the kernels to sums [9][channels].
void add_kernel_gradient(const Rows& rows, const float* images, bool relu, const float* dy, float* sums);

}  // namespace hpcai::kernels::depthwise_cpu
