#pragma once

#include <cstdint>

#include "hpcai/kernels/image_rows.h"

namespace hpcai::kernels::depthwise {

// A sample, [height, width, channels] without gaps; channels is a multiple of 8.
struct Image {
  int64_t height, width, channels;
};

// x = scale v + shift, or with `relu` max(0, scale v + shift): what the convolution reads. [channels] each.
struct Map {
  const float *scale, *shift;
  bool relu;
};

inline constexpr int64_t kTaps = 9;  // kernels are [9][channels]

// What the backward pass sums up over pixels, [kSums][channels]: the gradient of the kernels, then dy, then dy (v - mean).
inline constexpr int64_t kSums = kTaps + 2;

// The passes over images that are stored as T, float or c10::BFloat16.
template <class T>
struct Passes {
  // Rows of the convolution of x with `kernels`, zeros outside the image. `values` and `out` are whole samples.
  void (*convolve)(const Image& image, const Map& map, const float* kernels, ImageRows rows, const T* values, T* out);

  // Rows of dy, the gradient of scale v + shift, given d_out, that of the convolution. Adds to `sums`, before dy is rounded to T.
  // mean [channels]
  void (*convolve_back)(const Image& image, const Map& map, const float* mean, const float* kernels, ImageRows rows,
                        const T* values, const T* d_out, T* dy, float* sums);
};
template <class T>
Passes<T> passes();

}  // namespace hpcai::kernels::depthwise
