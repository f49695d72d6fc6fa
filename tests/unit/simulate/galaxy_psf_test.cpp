#include "hpcai/simulate/galaxy_psf.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "galaxy_statistics.h"

namespace hpcai::simulate {
namespace {

using test::moffat_in_pixel;

double sum(const Plane& plane) { return std::accumulate(plane.values.begin(), plane.values.end(), 0.0); }

TEST_CASE("A point source has the Moffat profile integrated over pixels") {
  for (const double fwhm : {2.5, 3.3, 5.0}) {
    CAPTURE(fwhm);
    Plane plane(61);
    Psf(fwhm).add_point(plane, 1, 30.3, 29.8);
    const double peak = moffat_in_pixel(fwhm, 0, 0);
    for (int row = 0; row < 61; ++row) {
      for (int column = 0; column < 61; ++column) {
        const double difference = plane.row(row)[column] - moffat_in_pixel(fwhm, column - 30.3, row - 29.8);
        REQUIRE(std::abs(difference) < 0.012 * peak);
      }
    }
    CHECK(sum(plane) == Approx(1).epsilon(0.01));
  }
}

TEST_CASE("The blur of a single pixel is the point source, and keeps the flux") {
  for (const double fwhm : {1.6, 3.3}) {
    Plane pixel(51), point(51);
    pixel.row(25)[25] = 1;
    const Psf psf(fwhm);
    psf.blur(pixel);
    psf.add_point(point, 1, 25, 25);
    CHECK(sum(pixel) == Approx(1).epsilon(1e-4));
    double largest = 0;
    for (size_t i = 0; i < pixel.values.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(pixel.values[i]) - point.values[i]));
    }
    CHECK(largest < 0.01 * point.row(25)[25]);
  }
}

TEST_CASE("A flat plane stays flat up to its border, also when it is smaller than the kernel") {
  for (const int size : {1, 5, 40}) {
    Plane plane(size);
    std::fill(plane.values.begin(), plane.values.end(), 3.0F);
    Psf(6).blur(plane);
    for (const float value : plane.values) REQUIRE(value == Approx(3).epsilon(1e-5));
  }
}

TEST_CASE("Sources outside of a plane add nothing or only their wing, and never write outside") {
  Plane plane(20);
  add_gaussian(plane, 1, -100, 5, 2);
  add_gaussian(plane, 1, 5, 1e6, 2);
  CHECK(sum(plane) == 0);
  add_gaussian(plane, 1, -0.5, 10, 2);  // half of it
  CHECK(sum(plane) == Approx(0.5).epsilon(0.02));
}

}  // namespace
}  // namespace hpcai::simulate
