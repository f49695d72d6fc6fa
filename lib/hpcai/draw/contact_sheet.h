#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hpcai::draw {

struct Raster {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3], rows from the top, red green blue
};

struct Thumbnail {
  Raster image;
  std::string caption;  // ASCII; cut off at the width of the image
};

inline constexpr int64_t kLongestSide = 20000;  // pixels; many viewers do not open larger images

// Draws thumbnails in a grid with `columns` columns, row after row, on black, each with its caption below. `magnification`
// repeats every pixel that many times along both axes. Small images are centred in their cells. Throws Error{usage} without
// thumbnails, for columns or a magnification below 1, and for a sheet with a side above kLongestSide.
Raster contact_sheet(std::span<const Thumbnail> thumbnails, int64_t columns, int64_t magnification = 1);

}  // namespace hpcai::draw
