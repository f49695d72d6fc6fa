#include "hpcai/data/warp.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "hpcai/data/stage_clock.h"
#include "hpcai/data/warp_row.h"

namespace hpcai::data {
namespace {

// The loops over rows, for this processor.
struct RowLoops {
  decltype(&words_plain) words = words_plain;
  decltype(&warp_row_plain) warp = warp_row_plain;
  decltype(&convert_row_plain) convert = convert_row_plain;
  decltype(&convert_row_to_planes_plain) convert_to_planes = convert_row_to_planes_plain;
};

const RowLoops& row_loops() {
#ifdef HPCAI_HAS_AVX2_ROWS
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const RowLoops vectors{words_avx2, warp_row_avx2, convert_row_avx2, convert_row_to_planes_avx2};
  if (has_avx2) return vectors;
#endif
  static const RowLoops plain;
  return plain;
}

// One 32-bit word a pixel, with one more column and row that repeat the border: the four neighbours of any place inside
// the image are then found at fixed distances without a test.
void to_words(const uint8_t* pixels, int64_t height, int64_t width, uint32_t* words) {
  for (int64_t y = 0; y <= height; ++y) {
    uint32_t* to = words + y * (width + 1);
    row_loops().words(pixels + 3 * std::min(y, height - 1) * width, width, to);
    to[width] = to[width - 1];
  }
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

void convert_pixels(const uint8_t* pixels, int64_t height, int64_t width, const PixelMap& map, float* out, PixelOrder order) {
  const ScopedStage stage(Stage::normalise, 3 * height * width * static_cast<int64_t>(sizeof(float)));
  if (order == PixelOrder::interleaved) return row_loops().convert(pixels, height * width, map, out);
  thread_local std::vector<uint8_t> bytes;
  bytes.resize(static_cast<size_t>(3 * width));
  for (int64_t y = 0; y < height; ++y) {
    row_loops().convert_to_planes(pixels + 3 * y * width, width, height * width, map, bytes.data(), out + y * width);
  }
}

void warp_pixels(const uint8_t* pixels, int64_t height, int64_t width, const Affine& affine, const PixelMap& map, float* out,
                 PixelOrder order) {
  if (height < 1 || width < 1 || height > 16384 || width > 16384) throw std::invalid_argument("warp_pixels: size");
  const ScopedStage stage(Stage::augment, 3 * height * width * static_cast<int64_t>(sizeof(float)));
  thread_local std::vector<uint32_t> words;
  thread_local std::vector<float> line;
  words.resize(static_cast<size_t>((height + 1) * (width + 1)));
  line.resize(static_cast<size_t>(3 * width));
  to_words(pixels, height, width, words.data());
  WarpRow row{words.data(), static_cast<int32_t>(width + 1), static_cast<float>(width - 1), static_cast<float>(height - 1)};
  row.du = static_cast<float>(affine[0]);
  row.dv = static_cast<float>(affine[3]);
  const bool planes = order == PixelOrder::planes;
  for (int64_t y = 0; y < height; ++y) {
    row.u0 = static_cast<float>(affine[1] * static_cast<double>(y) + affine[2]);
    row.v0 = static_cast<float>(affine[4] * static_cast<double>(y) + affine[5]);
    row_loops().warp(row, map, static_cast<int32_t>(width), planes ? line.data() : out + 3 * y * width);
    if (planes) to_planes(line.data(), width, height * width, out + y * width);
  }
}

void interleave(const float* planes, int64_t height, int64_t width, float* out) {
  const int64_t count = height * width;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < 3; ++c) out[3 * i + c] = planes[c * count + i];
  }
}

}  // namespace hpcai::data
