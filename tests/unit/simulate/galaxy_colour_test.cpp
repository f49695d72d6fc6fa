#include "hpcai/simulate/galaxy_colour.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

namespace hpcai::simulate {
namespace {

std::array<Plane, 3> single_pixel(float red, float green, float blue) {
  std::array<Plane, 3> planes{Plane(1), Plane(1), Plane(1)};
  planes[0].values[0] = red, planes[1].values[0] = green, planes[2].values[0] = blue;
  return planes;
}

TEST_CASE("The clip maps one sigma below the mean to 0 and five above to 1") {
  Plane plane(2);
  plane.values = {-1, 1, 1, 3};  // mean 1, standard deviation sqrt(2)
  clip_to_background(plane);
  const double sigma = std::sqrt(2.0);
  CHECK(plane.values[0] == 0);
  CHECK(plane.values[1] == Approx(1.0 / 6));
  CHECK(plane.values[3] == Approx((2 + sigma) / (6 * sigma)));

  Plane star(20);
  star.values[7] = 1e4F;
  clip_to_background(star);
  CHECK(star.values[7] == 1);
}

TEST_CASE("A plane without contrast stays finite") {
  Plane plane(4);
  std::fill(plane.values.begin(), plane.values.end(), 2.0F);
  clip_to_background(plane);
  for (const float value : plane.values) CHECK(value == 0);
}

TEST_CASE("Direct colours are the channels times 255") {
  CHECK(direct_colours(single_pixel(0, 0.5, 1)) == std::vector<uint8_t>{0, 127, 255});
}

TEST_CASE("Lupton colours follow the asinh curve and keep the ratios of the bands") {
  // Lupton et al. 2004 with Q = stretch = 1: f(I) = asinh(I) 25.5 / asinh(0.1).
  const double slope = 25.5 / std::asinh(0.1);
  CHECK(lupton_colours(single_pixel(1, 1, 1), 1, 1) == std::vector<uint8_t>(3, 225));  // as in the cores of real images
  CHECK(lupton_colours(single_pixel(0, 0, 0), 1, 1) == std::vector<uint8_t>(3, 0));
  const double scale = std::asinh(0.2) * slope / 0.2;
  CHECK(lupton_colours(single_pixel(0.1F, 0.2F, 0.3F), 1, 1) == std::vector<uint8_t>{static_cast<uint8_t>(0.1 * scale),
                                                                                     static_cast<uint8_t>(0.2 * scale),
                                                                                     static_cast<uint8_t>(0.3 * scale)});
  // Too bright in one channel: all are scaled so that it is just white.
  CHECK(lupton_colours(single_pixel(10, 5, 0), 1, 0.01) == std::vector<uint8_t>{255, 127, 0});
}

TEST_CASE("Resizing keeps constants and straight ramps, and is the identity at the same size") {
  Plane ramp(10);
  for (int y = 0; y < 10; ++y) {
    for (int x = 0; x < 10; ++x) ramp.row(y)[x] = static_cast<float>(2 * x - y);
  }
  CHECK(resize(ramp, 10).values == ramp.values);
  const Plane larger = resize(ramp, 25);
  for (int y = 3; y < 22; ++y) {
    for (int x = 3; x < 22; ++x) {
      const double column = (x + 0.5) * 0.4 - 0.5, row = (y + 0.5) * 0.4 - 0.5;
      REQUIRE(larger.row(y)[x] == Approx(2 * column - row).margin(1e-4));
    }
  }
  Plane flat(1);
  flat.values[0] = 5;
  for (const float value : resize(flat, 7).values) CHECK(value == 5);
}

}  // namespace
}  // namespace hpcai::simulate
