#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

struct Picture {
  std::string png;                   // the bytes of a PNG file
  int64_t height = 0, width = 0;     // pixels
  std::vector<std::string> caption;  // lines; one that is too wide loses its folders or its beginning
};

struct PictureSheet {
  std::string title, subtitle, description;  // the description is read to those who cannot see the picture
  std::vector<Picture> pictures;
  std::string without;  // said if there are no pictures
  double side = 210;    // of a picture, SVG pixels; the longer of its two sides
};

// Pictures with their captions, in rows that are as wide as six pictures of 210 pixels.
Canvas draw_picture_sheet(const PictureSheet& sheet);

}  // namespace hpcai::draw
