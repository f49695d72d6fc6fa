#include "hpcai/data/band_image.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hpcai/data/triangle_filter.h"

namespace hpcai::data {
namespace {

// Sums of values times weights, and of the weights, over those values that there are.
struct KnownSum {
  double values = 0;
  double weights = 0;
};

// Across first, then down: [side, side] of rows of `row_width` -> [size, size].
void resize_band(const float* square, int64_t row_width, int64_t side, int64_t size, const TriangleFilter& filter, float* out) {
  std::vector<KnownSum> rows(static_cast<size_t>(side * size));
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < size; ++x) {
      const int64_t first = filter.first[static_cast<size_t>(x)], last = std::min(first + filter.taps, side);
      const float* weight = &filter.weights[static_cast<size_t>(x * filter.taps)];
      KnownSum& sum = rows[static_cast<size_t>(y * size + x)];
      for (int64_t j = first; j < last; ++j, ++weight) {
        const float value = square[y * row_width + j];
        if (std::isnan(value)) continue;
        sum.values += static_cast<double>(*weight) * value;
        sum.weights += *weight;
      }
    }
  }
  for (int64_t y = 0; y < size; ++y) {
    const int64_t first = filter.first[static_cast<size_t>(y)], last = std::min(first + filter.taps, side);
    for (int64_t x = 0; x < size; ++x) {
      const float* weight = &filter.weights[static_cast<size_t>(y * filter.taps)];
      KnownSum sum;
      for (int64_t j = first; j < last; ++j, ++weight) {
        const KnownSum& row = rows[static_cast<size_t>(j * size + x)];
        sum.values += *weight * row.values;
        sum.weights += *weight * row.weights;
      }
      *out++ = sum.weights > 0 ? static_cast<float>(sum.values / sum.weights) : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

}  // namespace

BandImage crop_and_resize(const BandImage& image, int64_t side, int64_t size) {
  BandImage result{size, size, image.names, {}};
  result.values.resize(static_cast<size_t>(image.bands() * size * size));
  const int64_t top = (image.height - side) / 2, left = (image.width - side) / 2;
  const TriangleFilter filter(side, size);
  for (int64_t b = 0; b < image.bands(); ++b) {
    const float* square = image.band(b) + top * image.width + left;
    if (side == size) {
      for (int64_t y = 0; y < side; ++y) std::copy_n(square + y * image.width, side, result.band(b) + y * side);
    } else {
      resize_band(square, image.width, side, size, filter, result.band(b));
    }
  }
  return result;
}

double share_without_value(const BandImage& image) {
  if (image.values.empty()) return 0;
  const auto unknown = std::count_if(image.values.begin(), image.values.end(), [](float value) { return std::isnan(value); });
  return static_cast<double>(unknown) / static_cast<double>(image.values.size());
}

}  // namespace hpcai::data
