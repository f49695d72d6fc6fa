#include "hpcai/draw/colour_scale.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace hpcai::draw;

namespace {

// Lightness and opponent colours of CIELAB (white D65) of an sRGB colour, from the standard's formulas: another space than the
// one in which the scale is defined.
std::array<double, 3> cielab(const std::array<uint8_t, 3>& rgb) {
  std::array<double, 3> linear{};
  for (size_t c = 0; c < 3; ++c) {
    const double v = rgb[c] / 255.0;
    linear[c] = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  }
  const auto [r, g, b] = linear;
  const double x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const double z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
  const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  return {116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))};
}

}  // namespace

TEST_CASE("the colours of a map become lighter from end to end in steps of like size") {
  constexpr int kSteps = 16;
  double least = 1e9, most = 0;
  for (int k = 0; k < kSteps; ++k) {
    const auto a = cielab(scale_colour(static_cast<double>(k) / kSteps));
    const auto b = cielab(scale_colour(static_cast<double>(k + 1) / kSteps));
    CHECK(b[0] > a[0] + 2);
    const double step = std::hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    least = std::min(least, step);
    most = std::max(most, step);
  }
  INFO(least << " to " << most);
  CHECK(most < 2.5 * least);
  CHECK(scale_colour(-1) == scale_colour(0));
  CHECK(scale_colour(2) == scale_colour(1));
  CHECK(scale_colour(std::numeric_limits<double>::quiet_NaN()) == scale_colour(0));
}

TEST_CASE("a map lies over the grey picture with its opacity") {
  const Raster picture{1, 2, {255, 0, 0, 0, 0, 0}};
  const std::vector<float> values{0, 1};
  CHECK(map_over(picture, values, 1).pixels[3] == scale_colour(1)[0]);
  const Raster grey = map_over(picture, values, 0);
  CHECK(grey.pixels == std::vector<uint8_t>{76, 76, 76, 0, 0, 0});
  CHECK(map_over(picture, values, 0.5).pixels[3] == std::lround(scale_colour(1)[0] / 2.0));
  CHECK_THROWS(map_over(picture, std::vector<float>{1}, 0.5));
}
