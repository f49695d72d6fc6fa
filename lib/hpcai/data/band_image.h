#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpcai::data {

// What a telescope measured in one band or in several: numbers of any range and unit.
struct BandImage {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<std::string> names;  // of the bands, for messages
  std::vector<float> values;       // [band, height, width], rows from the top; NaN where a pixel has no value

  int64_t bands() const { return static_cast<int64_t>(names.size()); }
  const float* band(int64_t index) const { return values.data() + index * height * width; }
  float* band(int64_t index) { return values.data() + index * height * width; }
};

// The square of this side about the centre, 1 to the shorter side of the image, resized to [bands, size, size] with a triangle
// filter (triangle_filter.h) over the pixels that have a value. A place of the result is NaN where none of its pixels has one.
BandImage crop_and_resize(const BandImage& image, int64_t side, int64_t size);

// The part of all pixels of all bands that have no value.
double share_without_value(const BandImage& image);

}  // namespace hpcai::data
