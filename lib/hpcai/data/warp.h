#pragma once

#include <array>
#include <cstdint>

#include "hpcai/data/augmentation.h"

namespace hpcai::data {

// input = scale[c] * clamp(gain * byte + bias, 0, 255) + offset[c] for colour channel c.
struct PixelMap {
  float gain = 1;
  float bias = 0;
  std::array<float, 3> scale{};
  std::array<float, 3> offset{};
};

PixelMap pixel_map(PixelScaling scaling);
// With the drawn brightness and contrast.
PixelMap pixel_map(PixelScaling scaling, const DrawnAugmentation& drawn);

// pixels [height, width, 3] -> out [3, height, width].
void convert_pixels(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, float* out);

// As convert_pixels, with out's pixel (column, row) taken from affine(column, row), bilinear between pixel centres;
// places outside the image take the nearest border pixel. Sides up to 16384.
void warp_pixels(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map, float* out);

}  // namespace hpcai::data
