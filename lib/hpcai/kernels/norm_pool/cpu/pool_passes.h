#pragma once

#include <cstdint>

#include "hpcai/kernels/image_rows.h"

namespace hpcai::kernels::pool {

// A sample, [height, width, channels] without gaps, channels a multiple of 8, and its windows of 3x3 pixels: window (i,
// j) begins at pixel (2 i - top, 2 j - left). There are (height + 1) / 2 by (width + 1) / 2 of them.
struct Image {
  int64_t height, width, channels, top, left;

  int64_t out_height() const { return (height + 1) / 2; }
  int64_t out_width() const { return (width + 1) / 2; }
};

// y = scale v + shift, [channels] each; `relu`: the pool reads max(0, y).
struct Map {
  const float *scale, *shift;
  bool relu;
};

inline constexpr uint8_t kNoPixel = 9;  // with a ReLU: the largest value was not above 0

// dv = scale dy + slope v + offset, [channels] each.
struct Gradient {
  const float *scale, *slope, *offset;
};

// The passes over images that are stored as T, float or c10::BFloat16.
template <class T>
struct Passes {
  // Rows of the output: the largest value of each window, and the number of its pixel in the window, 3 row + column. The first of
  // equal values counts, and a value that is no number counts as the largest.
  void (*take_largest)(const Image& image, const Map& map, ImageRows rows, const T* values, T* out, uint8_t* pixels);

  // dy, the gradient of scale v + shift, is that of the outputs for which a pixel was the largest; nothing stores it. Rows of the
  // image: adds the sums of dy and of dy (v - mean) over pixels to `sums`, [2][channels]. mean [channels]
  void (*add_gradients)(const Image& image, const float* mean, ImageRows rows, const T* values, const T* d_out,
                        const uint8_t* pixels, float* sums);
  void (*input_gradient)(const Image& image, const Gradient& gradient, ImageRows rows, const T* values, const T* d_out,
                         const uint8_t* pixels, T* dv);
};
template <class T>
Passes<T> passes();

}  // namespace hpcai::kernels::pool
