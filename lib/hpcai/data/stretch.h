#pragma once

#include <cstdint>

#include "hpcai/data/band_image.h"
#include "hpcai/data/preparation_config.h"

namespace hpcai::data {

// Mean and standard deviation of the background.
struct Background {
  double mean = 0;
  double deviation = 0;
};

// Of the darker half of the `count` values, those that are NaN left out: the (n + 1) / 2 smallest of n. Throws
// std::invalid_argument if there is no value.
Background darker_half(const float* values, int64_t count);

// The image, with one band (grey) or three (red, green, blue), as bytes [height, width, 3]. A pixel without a value counts as
// background: as the mean of the darker half, or as black for the other scales. Throws ImageError that names a band without any
// value.
//
// darker_half: 255 (v - mean + below sigma) / ((above + below) sigma), clipped to 0 ... 255 and rounded; where sigma is 0, values
// above the mean are white and the others black. linear: the same between minimum and maximum. asinh: Lupton et al. (2004),
// PASP 116, 133, equation 2 with the constants of astropy's make_lupton_rgb: the mean I of the bands, less the minimum, is mapped
// to 25.5 asinh(Q I / stretch) / asinh(Q / 10), the colour is kept, and bytes are cut off, not rounded.
void stretch(const BandImage& image, const StretchConfig& config, uint8_t* out);

}  // namespace hpcai::data
