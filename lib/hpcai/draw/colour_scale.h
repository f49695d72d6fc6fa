#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hpcai/draw/contact_sheet.h"

namespace hpcai::draw {

// The colour of a value from 0 to 1 as red, green, blue: from dark blue over red and orange to light yellow. Equal steps of the
// value are equal steps for the eye, and lightness rises throughout: the path consists of straight lines in Oklab (Ottosson 2020)
// and is followed at constant speed. Values outside of the range have the colour of its end.
std::array<uint8_t, 3> scale_colour(double value);

// The picture in grey under a transparent map: values [height, width] from 0 to 1, row by row. `opacity`, 0 to 1, is that of the
// map where it is 1; where it is 0 the opacity is half of this. Throws std::invalid_argument if the sizes differ.
Raster map_over(const Raster& picture, std::span<const float> values, double opacity);

}  // namespace hpcai::draw
