#include "hpcai/data/picture_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "hpcai/core/random.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/picture.h"
#include "hpcai/data/triangle_filter.h"

namespace hpcai::data {
namespace {

constexpr int64_t kSide = 16;
constexpr size_t kCells = kSide * kSide;
using Detail = std::array<float, kCells>;  // [kSide, kSide]

// The pixel of a square that symmetry `s` brings to (y, x): mirrored for s >= 4, then turned s % 4 times.
std::pair<int64_t, int64_t> source_of(int s, int64_t y, int64_t x, int64_t height, int64_t width) {
  if (s % 4 == 1) {
    y = std::exchange(x, height - 1 - y);
  } else if (s % 4 == 2) {
    y = height - 1 - y;
    x = width - 1 - x;
  } else if (s % 4 == 3) {
    x = std::exchange(y, width - 1 - x);
  }
  return {y, s < 4 ? x : width - 1 - x};
}

// The sum of the colours, reduced to kSide x kSide.
Detail small_grey(const std::vector<uint8_t>& pixels, int64_t height, int64_t width) {
  const TriangleFilter rows(height, kSide), columns(width, kSide);
  std::vector<float> across(static_cast<size_t>(height * kSide), 0);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < kSide; ++i) {
      const int64_t first = columns.first[static_cast<size_t>(i)];
      for (int64_t tap = 0; tap < std::min(columns.taps, width - first); ++tap) {
        const uint8_t* pixel = pixels.data() + 3 * (y * width + first + tap);
        across[static_cast<size_t>(y * kSide + i)] +=
            columns.weights[static_cast<size_t>(i * columns.taps + tap)] * static_cast<float>(pixel[0] + pixel[1] + pixel[2]);
      }
    }
  }
  Detail grey{};
  for (int64_t i = 0; i < kSide; ++i) {
    const int64_t first = rows.first[static_cast<size_t>(i)];
    for (int64_t tap = 0; tap < std::min(rows.taps, height - first); ++tap) {
      const float weight = rows.weights[static_cast<size_t>(i * rows.taps + tap)];
      for (int64_t x = 0; x < kSide; ++x) {
        grey[static_cast<size_t>(i * kSide + x)] += weight * across[static_cast<size_t>((first + tap) * kSide + x)];
      }
    }
  }
  return grey;
}

// Minus the mean of 3 x 3 values; beyond the border the values are repeated.
Detail without_mean(const Detail& grey) {
  Detail detail{};
  for (int64_t y = 0; y < kSide; ++y) {
    for (int64_t x = 0; x < kSide; ++x) {
      float sum = 0;
      for (int64_t dy = -1; dy <= 1; ++dy) {
        for (int64_t dx = -1; dx <= 1; ++dx) {
          const int64_t row = std::clamp<int64_t>(y + dy, 0, kSide - 1), column = std::clamp<int64_t>(x + dx, 0, kSide - 1);
          sum += grey[static_cast<size_t>(row * kSide + column)];
        }
      }
      detail[static_cast<size_t>(y * kSide + x)] = grey[static_cast<size_t>(y * kSide + x)] - sum / 9;
    }
  }
  return detail;
}

// Limits the values; false if there is no structure.
bool limit(Detail& detail) {
  constexpr float kLeast = 0.02F;  // of the sum of three bytes: below are errors of rounding
  Detail sizes = detail;
  for (float& size : sizes) size = std::abs(size);
  std::nth_element(sizes.begin(), sizes.begin() + kCells / 2, sizes.end());
  const float bound = std::max(3 * sizes[kCells / 2], kLeast);
  const bool has_structure = std::any_of(detail.begin(), detail.end(), [](float value) { return std::abs(value) > kLeast; });
  for (float& value : detail) value = std::clamp(value, -bound, bound);
  return has_structure;
}

const Detail& random_signs() {
  static const Detail signs = [] {
    Random random(0, 0, 0, Purpose::test);  // any fixed numbers do
    Detail drawn{};
    for (float& sign : drawn) sign = random.coin() ? 1.0F : -1.0F;
    return drawn;
  }();
  return signs;
}

DetailBits bits_of(const Detail& detail, int symmetry) {
  const Detail& signs = random_signs();
  Detail sums{};
  for (int64_t y = 0; y < kSide; ++y) {
    for (int64_t x = 0; x < kSide; ++x) {
      const auto [row, column] = source_of(symmetry, y, x, kSide, kSide);
      const auto cell = static_cast<size_t>(y * kSide + x);
      sums[cell] = signs[cell] * detail[static_cast<size_t>(row * kSide + column)];
    }
  }
  for (size_t half = 1; half < kCells; half *= 2) {
    for (size_t begin = 0; begin < kCells; begin += 2 * half) {
      for (size_t i = begin; i < begin + half; ++i) {
        const float a = sums[i], b = sums[i + half];
        sums[i] = a + b;
        sums[i + half] = a - b;
      }
    }
  }
  DetailBits bits{};
  for (size_t i = 0; i < kCells; ++i) bits[i / 64] |= static_cast<uint64_t>(sums[i] > 0) << (i % 64);
  return bits;
}

}  // namespace

int differing_bits(const DetailBits& a, const DetailBits& b) {
  int count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += std::popcount(a[i] ^ b[i]);
  return count;
}

PictureHash hash_picture(const std::vector<uint8_t>& pixels, int64_t height, int64_t width) {
  PictureHash hash;
  hash.digest = sha256({reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  Detail detail = without_mean(small_grey(pixels, height, width));
  hash.has_detail = limit(detail);
  if (!hash.has_detail) return hash;
  for (int s = 0; s < kSymmetries; ++s) hash.detail[static_cast<size_t>(s)] = bits_of(detail, s);
  return hash;
}

double picture_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, int64_t height, int64_t width) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int s = 0; s < kSymmetries; ++s) {
    if (height != width && s % 2 == 1) continue;
    int64_t sum = 0;
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const auto [row, column] = source_of(s, y, x, height, width);
        const uint8_t* one = a.data() + 3 * (y * width + x);
        const uint8_t* other = b.data() + 3 * (row * width + column);
        sum += std::abs(one[0] - other[0]) + std::abs(one[1] - other[1]) + std::abs(one[2] - other[2]);
      }
    }
    least = std::min(least, sum);
  }
  return static_cast<double>(least) / static_cast<double>(3 * height * width);
}

bool is_image(const SampleSpec& spec) { return !spec.scaling.empty() && spec.input_shape.size() >= 3; }

std::array<int64_t, 2> image_sides(const SampleSpec& spec) {
  const auto& shape = spec.input_shape;
  return {shape[shape.size() - 2], shape[shape.size() - 1]};
}

std::vector<uint8_t> image_bytes(const SampleSpec& spec, const float* input) {
  const auto [height, width] = image_sides(spec);
  return picture_of({input, static_cast<size_t>(3 * height * width)}, height, width, spec.scaling).pixels;
}

}  // namespace hpcai::data
