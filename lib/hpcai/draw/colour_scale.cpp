#include "hpcai/draw/colour_scale.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hpcai::draw {
namespace {

using Oklab = std::array<double, 3>;  // lightness, green to red, blue to yellow
constexpr std::array<Oklab, 4> kPath = {{{0.24, 0.03, -0.12}, {0.55, 0.17, 0}, {0.76, 0.09, 0.14}, {0.95, -0.04, 0.13}}};

double length_of(size_t part) {
  double squared = 0;
  for (size_t k = 0; k < 3; ++k) squared += std::pow(kPath[part + 1][k] - kPath[part][k], 2);
  return std::sqrt(squared);
}

// The place on the path at this part of its length.
Oklab at_length(double value) {
  double whole = 0;
  for (size_t part = 0; part + 1 < kPath.size(); ++part) whole += length_of(part);
  double left = std::clamp(value, 0.0, 1.0) * whole;
  size_t part = 0;
  while (part + 2 < kPath.size() && left > length_of(part)) left -= length_of(part++);
  Oklab colour;
  for (size_t k = 0; k < 3; ++k) colour[k] = std::lerp(kPath[part][k], kPath[part + 1][k], left / length_of(part));
  return colour;
}

// A linear light value of sRGB as a byte.
uint8_t byte_of(double linear) {
  const double coded = linear < 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * std::clamp(coded, 0.0, 1.0)));
}

}  // namespace

std::array<uint8_t, 3> scale_colour(double value) {
  const auto [lightness, a, b] = at_length(std::isnan(value) ? 0 : value);
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {byte_of(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          byte_of(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          byte_of(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

Raster map_over(const Raster& picture, std::span<const float> values, double opacity) {
  if (picture.pixels.size() != 3 * values.size()) throw std::invalid_argument("map_over: map and picture differ in size");
  Raster result = picture;
  for (size_t i = 0; i < values.size(); ++i) {
    uint8_t* pixel = result.pixels.data() + 3 * i;
    const double grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    const auto colour = scale_colour(values[i]);
    const double opaque = opacity * (1 + std::clamp(values[i], 0.0F, 1.0F)) / 2;
    for (size_t c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(std::lround(std::lerp(grey, colour[c], opaque)));
  }
  return result;
}

}  // namespace hpcai::draw
