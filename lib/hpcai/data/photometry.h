#pragma once

#include <array>
#include <cstdint>

#include "hpcai/data/augmentation.h"

// Random changes of the colours, sharpness and noise of training images. They bridge the differences between surveys: depth,
// seeing, bands and colour mapping.
namespace hpcai::data {

// One drawn change, in the order in which the parts are applied.
struct DrawnPhotometry {
  bool changes = false;                 // whether anything is other than the identity
  double saturation = 1;                // distance of the colours from their grey, the mean of the three channels
  std::array<double, 3> gain{1, 1, 1};  // of red, green and blue
  double gamma = 1;                     // exponent of the values, which are clamped to 0 .. 1 before
  double blur = 0;                      // part of each value that comes from the mean of 3 x 3 pixels
  double noise = 0;                     // standard deviation of normal noise, as a fraction of the full range
};

// The change of sample `index` in draw.epoch; a pure function of its arguments.
DrawnPhotometry draw_photometry(const AugmentationConfig& config, const Draw& draw, int64_t index);

// Changes planes [3, height, width] with values 0 .. 1, red green blue, in place; they are clamped to 0 .. 1. The noise is a
// function of (draw, index).
void apply_photometry(const DrawnPhotometry& drawn, const Draw& draw, int64_t index, int64_t height, int64_t width,
                      float* planes);

}  // namespace hpcai::data
