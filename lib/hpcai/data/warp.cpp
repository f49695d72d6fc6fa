#include "hpcai/data/warp.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace hpcai::data {
namespace {

// The loops are plain C++ that the compiler vectorises; on x86 they are compiled a second time for AVX2 and chosen when
// the program runs there.
#if defined(__x86_64__) && defined(__GNUC__)
#define HPCAI_INLINE inline __attribute__((always_inline))
#define HPCAI_AVX2 __attribute__((target("avx2,fma")))
bool has_avx2() {
  static const bool answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return answer;
}
#else
#define HPCAI_INLINE inline
#define HPCAI_AVX2
bool has_avx2() { return false; }
#endif

HPCAI_INLINE float mapped(float value, float gain, float bias, float scale, float offset) {
  return std::min(std::max(gain * value + bias, 0.0F), 255.0F) * scale + offset;
}

// Bytes are taken apart first and converted afterwards: both loops then run over whole vectors.
HPCAI_INLINE void convert_row(const uint8_t* __restrict pixels, int64_t width, int64_t plane, const PixelMap& map,
                              uint8_t* __restrict bytes, float* __restrict out) {
  uint8_t* __restrict red = bytes;
  uint8_t* __restrict green = bytes + width;
  uint8_t* __restrict blue = bytes + 2 * width;
  for (int64_t x = 0; x < width; ++x) {
    red[x] = pixels[3 * x];
    green[x] = pixels[3 * x + 1];
    blue[x] = pixels[3 * x + 2];
  }
  for (int c = 0; c < 3; ++c) {
    const uint8_t* __restrict from = bytes + c * width;
    float* __restrict to = out + c * plane;
    const float gain = map.gain, bias = map.bias, scale = map.scale[c], offset = map.offset[c];
    for (int64_t x = 0; x < width; ++x) to[x] = mapped(from[x], gain, bias, scale, offset);
  }
}

HPCAI_INLINE void convert_all(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, uint8_t* bytes,
                              float* out) {
  for (int64_t y = 0; y < height; ++y) {
    convert_row(pixels + 3 * y * width, width, height * width, map, bytes, out + y * width);
  }
}
void convert_plain(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, uint8_t* bytes, float* out) {
  convert_all(pixels, height, width, map, bytes, out);
}
HPCAI_AVX2 void convert_avx2(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, uint8_t* bytes,
                             float* out) {
  convert_all(pixels, height, width, map, bytes, out);
}

// One 32-bit word a pixel, with one more column and row that repeat the border: the four neighbours of any place inside
// the image are then found at fixed distances without a test.
HPCAI_INLINE void to_words(const uint8_t* __restrict pixels, int64_t height, int64_t width, uint32_t* __restrict words) {
  for (int64_t y = 0; y <= height; ++y) {
    const uint8_t* __restrict from = pixels + 3 * std::min(y, height - 1) * width;
    uint32_t* __restrict to = words + y * (width + 1);
    for (int64_t x = 0; x < width; ++x) {
      to[x] = from[3 * x] | uint32_t{from[3 * x + 1]} << 8 | uint32_t{from[3 * x + 2]} << 16;
    }
    to[width] = to[width - 1];
  }
}

HPCAI_INLINE float channel(uint32_t word, int shift) { return static_cast<float>(static_cast<int32_t>(word >> shift & 255)); }

HPCAI_INLINE float bilinear(uint32_t w00, uint32_t w01, uint32_t w10, uint32_t w11, int shift, float fx, float fy) {
  const float a = channel(w00, shift), b = channel(w01, shift), c = channel(w10, shift), d = channel(w11, shift);
  const float top = a + fx * (b - a);
  const float bottom = c + fx * (d - c);
  return top + fy * (bottom - top);
}

HPCAI_INLINE void warp_row(const uint32_t* __restrict words, int64_t height, int64_t width, int64_t y, const Affine& m,
                           const PixelMap& map, float* __restrict out) {
  const float u0 = static_cast<float>(m[1] * static_cast<double>(y) + m[2]), du = static_cast<float>(m[0]);
  const float v0 = static_cast<float>(m[4] * static_cast<double>(y) + m[5]), dv = static_cast<float>(m[3]);
  const float right = static_cast<float>(width - 1), bottom = static_cast<float>(height - 1);
  const auto stride = static_cast<int32_t>(width + 1);
  const float gain = map.gain, bias = map.bias;
  const auto [scale_r, scale_g, scale_b] = map.scale;
  const auto [offset_r, offset_g, offset_b] = map.offset;
  float* __restrict red = out + y * width;
  float* __restrict green = red + height * width;
  float* __restrict blue = green + height * width;
  const auto count = static_cast<int32_t>(width);
  for (int32_t x = 0; x < count; ++x) {
    const float u = std::min(std::max(u0 + du * static_cast<float>(x), 0.0F), right);
    const float v = std::min(std::max(v0 + dv * static_cast<float>(x), 0.0F), bottom);
    const auto column = static_cast<int32_t>(u), row = static_cast<int32_t>(v);
    const float fx = u - static_cast<float>(column), fy = v - static_cast<float>(row);
    const int32_t at = row * stride + column;
    const uint32_t w00 = words[at], w01 = words[at + 1], w10 = words[at + stride], w11 = words[at + stride + 1];
    red[x] = mapped(bilinear(w00, w01, w10, w11, 0, fx, fy), gain, bias, scale_r, offset_r);
    green[x] = mapped(bilinear(w00, w01, w10, w11, 8, fx, fy), gain, bias, scale_g, offset_g);
    blue[x] = mapped(bilinear(w00, w01, w10, w11, 16, fx, fy), gain, bias, scale_b, offset_b);
  }
}

HPCAI_INLINE void warp_all(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map,
                           uint32_t* words, float* out) {
  to_words(pixels, height, width, words);
  for (int64_t y = 0; y < height; ++y) warp_row(words, height, width, y, affine, map, out);
}
void warp_plain(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map, uint32_t* words,
                float* out) {
  warp_all(pixels, height, width, affine, map, words, out);
}
HPCAI_AVX2 void warp_avx2(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map,
                          uint32_t* words, float* out) {
  warp_all(pixels, height, width, affine, map, words, out);
}

}  // namespace

PixelMap pixel_map(PixelScaling scaling) {
  PixelMap map;
  constexpr std::array<float, 3> kMean{0.485F, 0.456F, 0.406F}, kDeviation{0.229F, 0.224F, 0.225F};
  for (int c = 0; c < 3; ++c) {
    switch (scaling) {
      case PixelScaling::unit: map.scale[c] = 1 / 255.0F; break;
      case PixelScaling::signed_unit:
        map.scale[c] = 1 / 127.5F;
        map.offset[c] = -1;
        break;
      case PixelScaling::imagenet:
        map.scale[c] = 1 / (255 * kDeviation[c]);
        map.offset[c] = -kMean[c] / kDeviation[c];
        break;
    }
  }
  return map;
}

PixelMap pixel_map(PixelScaling scaling, const DrawnAugmentation& drawn) {
  PixelMap map = pixel_map(scaling);
  map.gain = static_cast<float>(drawn.contrast);
  map.bias = static_cast<float>(127.5 * (1 - drawn.contrast) + 255 * drawn.brightness);
  return map;
}

void convert_pixels(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, float* out) {
  thread_local std::vector<uint8_t> bytes;
  bytes.resize(static_cast<size_t>(3 * width));
  (has_avx2() ? convert_avx2 : convert_plain)(pixels, height, width, map, bytes.data(), out);
}

void warp_pixels(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map, float* out) {
  if (height < 1 || width < 1 || height > 16384 || width > 16384) throw std::invalid_argument("warp_pixels: size");
  thread_local std::vector<uint32_t> words;
  words.resize(static_cast<size_t>((height + 1) * (width + 1)));
  (has_avx2() ? warp_avx2 : warp_plain)(pixels, height, width, affine, map, words.data(), out);
}

}  // namespace hpcai::data
