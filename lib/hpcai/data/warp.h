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

// How the values of an image lie in memory.
enum class PixelOrder {
  planes,       // [3, height, width]
  interleaved,  // [height, width, 3], which LibTorch calls channels-last
};

// pixels [height, width, 3] -> out, in this order.
void convert_pixels(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, float* out,
                    PixelOrder order = PixelOrder::planes);

// As convert_pixels, with out's pixel (column, row) taken from affine(column, row), bilinear between pixel centres;
// places outside the image take the nearest border pixel. Sides up to 16384.
void warp_pixels(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map, float* out,
                 PixelOrder order = PixelOrder::planes);

// planes [3, height, width] -> out [height, width, 3]
void interleave(const float* planes, int64_t height, int64_t width, float* out);

}  // namespace hpcai::data
