#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "hpcai/data/warp.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HPCAI_HAS_AVX2_ROWS 1
#define HPCAI_AVX2 __attribute__((target("avx2,fma")))
#endif

// Inlined, so that the code around decides for which processor it is compiled: single values at the end of a row are then rounded
// as those of whole vectors are.
#define HPCAI_ALWAYS_INLINE __attribute__((always_inline)) inline

// Rows of warped and converted pixels: the plain definition, and the same for processors with AVX2, which differs by rounding.
namespace hpcai::data {

// One row of a warp. `words`: the image as to_words() of warp.cpp makes it, of `stride` words a row.
struct WarpRow {
  const uint32_t* words;
  int32_t stride;
  float right, bottom;   // the last column and row of the image
  float u0 = 0, du = 0;  // the input column of output pixel x is u0 + du x,
  float v0 = 0, dv = 0;  // its row v0 + dv x
};

HPCAI_ALWAYS_INLINE float mapped(float value, const PixelMap& map, size_t c) {
  return std::min(std::max(map.gain * value + map.bias, 0.0F), 255.0F) * map.scale[c] + map.offset[c];
}

// Pixel x of the row.
HPCAI_ALWAYS_INLINE void warp_pixel(const WarpRow& row, const PixelMap& map, int32_t x, float* out) {
  const float u = std::min(std::max(row.u0 + row.du * static_cast<float>(x), 0.0F), row.right);
  const float v = std::min(std::max(row.v0 + row.dv * static_cast<float>(x), 0.0F), row.bottom);
  const auto left = static_cast<int32_t>(u), top = static_cast<int32_t>(v);
  const float fx = u - static_cast<float>(left), fy = v - static_cast<float>(top);
  const uint32_t* place = row.words + top * row.stride + left;
  for (size_t c = 0; c < 3; ++c) {
    const auto channel = [&](int32_t at) { return static_cast<float>(place[at] >> (8 * c) & 255); };
    const float a = channel(0) + fy * (channel(row.stride) - channel(0));
    const float b = channel(1) + fy * (channel(row.stride + 1) - channel(1));
    out[c] = mapped(a + fx * (b - a), map, c);
  }
}

// out [3 * width]
inline void warp_row_plain(const WarpRow& row, const PixelMap& map, int32_t width, float* out) {
  for (int32_t x = 0; x < width; ++x) warp_pixel(row, map, x, out + 3 * x);
}

// One word a pixel: red, green and blue from the lowest byte on.
inline void words_plain(const uint8_t* pixels, int64_t count, uint32_t* words) {
  for (int64_t x = 0; x < count; ++x) {
    words[x] = pixels[3 * x] | uint32_t{pixels[3 * x + 1]} << 8 | uint32_t{pixels[3 * x + 2]} << 16;
  }
}

// `count` interleaved pixels -> their places in three planes, which lie `plane` values apart.
inline void to_planes(const float* __restrict pixels, int64_t count, int64_t plane, float* __restrict out) {
  for (int64_t x = 0; x < count; ++x) {
    out[x] = pixels[3 * x];
    out[plane + x] = pixels[3 * x + 1];
    out[2 * plane + x] = pixels[3 * x + 2];
  }
}

// The same from bytes. They are taken apart first, into bytes [3 * count], and converted afterwards: the compiler vectorises
// both loops.
HPCAI_ALWAYS_INLINE void convert_to_planes(const uint8_t* __restrict pixels, int64_t count, int64_t plane, const PixelMap& map,
                                           uint8_t* __restrict bytes, float* __restrict out) {
  uint8_t* __restrict red = bytes;
  uint8_t* __restrict green = bytes + count;
  uint8_t* __restrict blue = bytes + 2 * count;
  for (int64_t x = 0; x < count; ++x) {
    red[x] = pixels[3 * x];
    green[x] = pixels[3 * x + 1];
    blue[x] = pixels[3 * x + 2];
  }
  for (size_t c = 0; c < 3; ++c) {
    const uint8_t* __restrict from = bytes + static_cast<int64_t>(c) * count;
    float* __restrict to = out + static_cast<int64_t>(c) * plane;
    const float gain = map.gain, bias = map.bias, scale = map.scale[c], offset = map.offset[c];
    for (int64_t x = 0; x < count; ++x) to[x] = std::min(std::max(gain * from[x] + bias, 0.0F), 255.0F) * scale + offset;
  }
}
inline void convert_row_to_planes_plain(const uint8_t* pixels, int64_t count, int64_t plane, const PixelMap& map, uint8_t* bytes,
                                        float* out) {
  convert_to_planes(pixels, count, plane, map, bytes, out);
}

// `count` pixels -> out [3 * count]
inline void convert_row_plain(const uint8_t* pixels, int64_t count, const PixelMap& map, float* out) {
  for (int64_t i = 0; i < 3 * count; ++i) out[i] = mapped(pixels[i], map, static_cast<size_t>(i % 3));
}

#ifdef HPCAI_HAS_AVX2_ROWS

HPCAI_AVX2 inline void convert_row_to_planes_avx2(const uint8_t* pixels, int64_t count, int64_t plane, const PixelMap& map,
                                                  uint8_t* bytes, float* out) {
  convert_to_planes(pixels, count, plane, map, bytes, out);
}

// Four pixels at once, of 16 bytes that are read.
HPCAI_AVX2 inline void words_avx2(const uint8_t* pixels, int64_t count, uint32_t* words) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  int64_t x = 0;
  for (; 3 * x + 16 <= 3 * count; x += 4) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels + 3 * x));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(words + x), _mm_shuffle_epi8(bytes, spread));
  }
  words_plain(pixels + 3 * x, count - x, words + x);
}

// The channels of a pixel and of its right neighbour.
HPCAI_AVX2 inline __m256 pixel_pair(const uint32_t* at) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

// Eight places are found at once. Then each pixel takes two loads: a pixel and its right neighbour lie side by side. A store
// writes one float more than the pixel has; the next pixel overwrites it, and the last ones of the row are written singly.
HPCAI_AVX2 inline void warp_row_avx2(const WarpRow& row, const PixelMap& map, int32_t width, float* out) {
  const __m256 zero = _mm256_setzero_ps(), most = _mm256_set1_ps(255);
  const __m256 gain = _mm256_set1_ps(map.gain), bias = _mm256_set1_ps(map.bias);
  const __m128 scale4 = _mm_setr_ps(map.scale[0], map.scale[1], map.scale[2], 0);
  const __m128 offset4 = _mm_setr_ps(map.offset[0], map.offset[1], map.offset[2], 0);
  const __m256 scale = _mm256_set_m128(scale4, scale4), offset = _mm256_set_m128(offset4, offset4);
  alignas(32) int32_t place[8];
  alignas(32) float across[8], down[8];
  __m256 x8 = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
  int32_t x = 0;
  for (; x + 8 < width; x += 8, x8 = _mm256_add_ps(x8, _mm256_set1_ps(8))) {
    const __m256 u = _mm256_min_ps(_mm256_max_ps(_mm256_fmadd_ps(_mm256_set1_ps(row.du), x8, _mm256_set1_ps(row.u0)), zero),
                                   _mm256_set1_ps(row.right));
    const __m256 v = _mm256_min_ps(_mm256_max_ps(_mm256_fmadd_ps(_mm256_set1_ps(row.dv), x8, _mm256_set1_ps(row.v0)), zero),
                                   _mm256_set1_ps(row.bottom));
    const __m256i left = _mm256_cvttps_epi32(u), top = _mm256_cvttps_epi32(v);
    _mm256_store_ps(across, _mm256_sub_ps(u, _mm256_cvtepi32_ps(left)));
    _mm256_store_ps(down, _mm256_sub_ps(v, _mm256_cvtepi32_ps(top)));
    _mm256_store_si256(reinterpret_cast<__m256i*>(place),
                       _mm256_add_epi32(_mm256_mullo_epi32(top, _mm256_set1_epi32(row.stride)), left));
    for (int i = 0; i < 8; i += 2) {
      const uint32_t *first = row.words + place[i], *second = row.words + place[i + 1];
      const __m256 a = pixel_pair(first), b = pixel_pair(second);
      const __m256 va = _mm256_fmadd_ps(_mm256_broadcast_ss(down + i), _mm256_sub_ps(pixel_pair(first + row.stride), a), a);
      const __m256 vb = _mm256_fmadd_ps(_mm256_broadcast_ss(down + i + 1), _mm256_sub_ps(pixel_pair(second + row.stride), b), b);
      const __m256 from = _mm256_permute2f128_ps(va, vb, 0x20), to = _mm256_permute2f128_ps(va, vb, 0x31);
      const __m256 fx = _mm256_set_m128(_mm_broadcast_ss(across + i + 1), _mm_broadcast_ss(across + i));
      const __m256 blended = _mm256_fmadd_ps(fx, _mm256_sub_ps(to, from), from);
      const __m256 byte = _mm256_min_ps(_mm256_max_ps(_mm256_fmadd_ps(gain, blended, bias), zero), most);
      const __m256 value = _mm256_fmadd_ps(byte, scale, offset);
      float* at = out + 3 * (x + i);
      _mm_storeu_ps(at, _mm256_castps256_ps128(value));
      _mm_storeu_ps(at + 3, _mm256_extractf128_ps(value, 1));
    }
  }
  for (; x < width; ++x) warp_pixel(row, map, x, out + 3 * x);
}

// The stores go past the caches: a batch is larger than they are, and another thread reads it later. Values before the first
// multiple of 32 bytes and behind the last are written singly; the channels of the table below then start in another phase.
HPCAI_AVX2 inline void convert_row_avx2(const uint8_t* pixels, int64_t count, const PixelMap& map, float* out) {
  const int64_t values = 3 * count;
  const auto before = std::min<int64_t>(values, static_cast<int64_t>((32 - reinterpret_cast<uintptr_t>(out) % 32) % 32 / 4));
  int64_t i = 0;
  for (; i < before; ++i) out[i] = mapped(pixels[i], map, static_cast<size_t>(i % 3));
  std::array<float, 24> scales, offsets;
  for (size_t k = 0; k < 24; ++k) {
    scales[k] = map.scale[(k + static_cast<size_t>(before)) % 3];
    offsets[k] = map.offset[(k + static_cast<size_t>(before)) % 3];
  }
  const __m256 zero = _mm256_setzero_ps(), most = _mm256_set1_ps(255);
  const __m256 gain = _mm256_set1_ps(map.gain), bias = _mm256_set1_ps(map.bias);
  const __m256 s0 = _mm256_loadu_ps(&scales[0]), s1 = _mm256_loadu_ps(&scales[8]), s2 = _mm256_loadu_ps(&scales[16]);
  const __m256 o0 = _mm256_loadu_ps(&offsets[0]), o1 = _mm256_loadu_ps(&offsets[8]), o2 = _mm256_loadu_ps(&offsets[16]);
  const auto eight = [&](int64_t at, __m256 scale, __m256 offset) HPCAI_AVX2 {
    const __m256 byte = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixels + at))));
    const __m256 changed = _mm256_min_ps(_mm256_max_ps(_mm256_fmadd_ps(gain, byte, bias), zero), most);
    _mm256_stream_ps(out + at, _mm256_fmadd_ps(changed, scale, offset));
  };
  for (; i + 24 <= values; i += 24) {
    eight(i, s0, o0);
    eight(i + 8, s1, o1);
    eight(i + 16, s2, o2);
  }
  for (; i < values; ++i) out[i] = mapped(pixels[i], map, static_cast<size_t>(i % 3));
  _mm_sfence();
}

#endif

}  // namespace hpcai::data
