#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "hpcai/data/image.h"

namespace hpcai::data {

struct Thumbnail {
  Image image;
  std::string caption;  // ASCII; what does not fit below the image is cut off
};

// Thumbnails in a grid with `columns` columns, row after row, on black, each with its caption below; `magnification`
// repeats every pixel that many times along both axes. Smaller images sit in the middle of their cells.
// Throws Error{usage} without thumbnails, for columns or a magnification below 1, or for a sheet that PNG cannot hold.
Image contact_sheet(std::span<const Thumbnail> thumbnails, int64_t columns, int64_t magnification = 1);

}  // namespace hpcai::data
