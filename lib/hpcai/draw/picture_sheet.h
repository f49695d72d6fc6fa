#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

// Pictures of one thing side by side, with lines of text below. All pictures of a sheet have the same shape.
struct PictureCell {
  std::vector<std::string> pngs;  // the bytes of PNG files
  std::vector<std::string> captions;
};

// Cells in rows of `columns`, each picture `width` by `height` SVG pixels, below a title. A caption that is too long is cut off.
// Throws Error{usage} without cells or columns.
Canvas draw_picture_sheet(std::span<const PictureCell> cells, int64_t columns, double width, double height,
                          const std::string& title);

}  // namespace hpcai::draw
