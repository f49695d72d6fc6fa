#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "galaxy_statistics.h"
#include "hpcai/simulate/galaxy.h"
#include "hpcai/simulate/galaxy_draw.h"
#include "hpcai/simulate/galaxy_noise.h"

namespace hpcai::simulate {
namespace {

using test::deviation;
using test::mean;
using test::measure;

// Variance of the kernel along one axis, out to where it is cut: from the blur of a single pixel.
double psf_variance(double fwhm_pixels) {
  Plane plane(121);
  plane.row(60)[60] = 1;
  Psf(fwhm_pixels).blur(plane);
  return measure(plane, 1, 1000).major;
}

TEST_CASE("Flux, size, axis ratio and orientation can be measured from the pixels of both surveys") {
  const double re = 1.678 * 1.1, q = 0.6, angle = 0.5;  // n = 1: an exponential with scale length 1.1 arcsec
  const Galaxy galaxy = test::bright_spheroid(1, re, q, angle);
  for (const Survey survey : {Survey::sdss, Survey::des}) {
    const Exposure exposure = expose(survey, galaxy, 1000);
    CHECK(exposure.pixel_arcsec == Approx(conditions(survey).pixel_arcsec).epsilon(0.02));
    for (size_t c = 0; c < 3; ++c) {
      CAPTURE(static_cast<int>(survey), c);
      const auto m = measure(exposure.planes[c], exposure.pixel_arcsec, 10.5);
      CHECK(m.flux == Approx(1e5).epsilon(0.015));
      CHECK(m.x == Approx(0).margin(0.02));
      CHECK(m.y == Approx(0).margin(0.02));
      CHECK(m.position_angle == Approx(angle).margin(0.02));
      // <u^2> of an exponential is 3 h^2.
      const double blur =
          psf_variance(exposure.seeing_arcsec[c] / exposure.pixel_arcsec) * exposure.pixel_arcsec * exposure.pixel_arcsec;
      CHECK(std::sqrt((m.major - blur) / 3) == Approx(1.1).epsilon(0.05));
      CHECK(std::sqrt((m.minor - blur) / (m.major - blur)) == Approx(q).epsilon(0.05));
    }
  }
}

TEST_CASE("True magnitudes, angles and axis ratios of drawn ellipticals agree with their pixels") {
  int tested = 0;
  for (uint64_t i = 0; tested < 40; ++i) {
    Galaxy galaxy = draw_galaxy(5, i);
    if (galaxy.label == kSpiral || galaxy.lenticular || galaxy.spheroid.axis_ratio > 0.75) continue;
    ++tested;
    galaxy.neighbours.clear();
    const Exposure exposure = expose(Survey::sdss, galaxy, 1000);
    const double radius = 2 * galaxy.petrosian_radius;
    const auto m = measure(exposure.planes[1], exposure.pixel_arcsec, radius);
    CAPTURE(i, galaxy.spheroid.sersic_index);
    // Two Petrosian radii hold nearly all light of an exponential, 82 % of a de Vaucouleurs profile (Graham et al.
    // 2005), and still less for larger Sersic indices and flat galaxies.
    const double share = m.flux / flux_of_magnitude(galaxy.magnitude[1]);
    CHECK(share < 1.1);
    CHECK(share > 0.65);
    const auto inner = measure(exposure.planes[1], exposure.pixel_arcsec, galaxy.petrosian_radius);
    const double turn = std::remainder(inner.position_angle - galaxy.position_angle, std::numbers::pi);
    CHECK(std::abs(turn) < 0.25);
    CHECK(inner.minor < inner.major);
  }
}

TEST_CASE("Both surveys see the same galaxy") {
  int tested = 0;
  for (uint64_t i = 0; tested < 40; ++i) {
    const Galaxy galaxy = draw_galaxy(6, i);
    if (galaxy.petrosian_radius > 8 || !galaxy.neighbours.empty()) continue;
    ++tested;
    const Exposure sdss = expose(Survey::sdss, galaxy, 1000), des = expose(Survey::des, galaxy, 1000);
    const double radius = 1.3 * galaxy.petrosian_radius;  // r is the middle band of both
    const auto a = measure(sdss.planes[1], sdss.pixel_arcsec, radius);
    const auto b = measure(des.planes[1], des.pixel_arcsec, radius);
    CAPTURE(i);
    CHECK(a.flux == Approx(b.flux).epsilon(0.12));
    CHECK(std::hypot(a.x - b.x, a.y - b.y) < 0.5);
    const double elongation = (b.major - b.minor) / (b.major + b.minor);
    if (elongation > 0.3) CHECK(std::abs(std::remainder(a.position_angle - b.position_angle, std::numbers::pi)) < 0.2);
  }
}

TEST_CASE("An empty frame has the noise of its survey, nothing else") {
  Galaxy nothing = test::bright_spheroid(1, 1, 1, 0);
  nothing.spheroid.flux = {};
  nothing.petrosian_radius = 20;
  // Nanomaggies a pixel: the usual figures for SDSS frames in z, r, g; DES DR1's depth in i, r, g (see below).
  const double sdss[3] = {0.12, 0.026, 0.018};
  // 10 sigma magnitudes 23.44, 24.08, 24.33 in an aperture of 1.95 arcsec, spread over pixels of 0.263 arcsec.
  const double aperture_pixels = std::numbers::pi * 0.975 * 0.975 / (0.263 * 0.263);
  double des[3];
  for (int c = 0; c < 3; ++c) {
    const double depth[3] = {23.44, 24.08, 24.33};
    des[c] = flux_of_magnitude(depth[c]) / 10 / std::sqrt(aperture_pixels);
  }
  for (const Survey survey : {Survey::sdss, Survey::des}) {
    const Exposure exposure = expose(survey, nothing, 1000);
    for (size_t c = 0; c < 3; ++c) {
      const Plane& plane = exposure.planes[c];
      const std::vector<double> values(plane.values.begin(), plane.values.end());
      CAPTURE(static_cast<int>(survey), c);
      CHECK(deviation(values) == Approx(survey == Survey::sdss ? sdss[c] : des[c]).epsilon(0.12));
      CHECK(deviation(values) == Approx(exposure.sky_noise[c]).epsilon(0.04));
      CHECK(mean(values) == Approx(0).margin(5 * exposure.sky_noise[c] / std::sqrt(plane.values.size())));
    }
  }
}

TEST_CASE("Larger pixels collect proportionally more sky noise, and bright pixels have their own photon noise") {
  Galaxy nothing = test::bright_spheroid(1, 1, 1, 0);
  nothing.spheroid.flux = {};
  const Exposure fine = expose(Survey::des, nothing, 1000), coarse = expose(Survey::des, nothing, 42);
  CHECK(fine.planes[0].size == 84);
  CHECK(coarse.planes[0].size == 42);
  CHECK(coarse.sky_noise[1] == Approx(2 * fine.sky_noise[1]));

  // 1e4 nanomaggies at 1000 electrons each.
  Plane bright(100);
  std::fill(bright.values.begin(), bright.values.end(), 1e4F);
  FastNormal normal(Random(1, 0, 0, Purpose::simulate));
  add_noise(conditions(Survey::sdss).bands[1], 0.157, normal, bright);
  CHECK(deviation({bright.values.begin(), bright.values.end()}) == Approx(std::sqrt(1e4 / 1000)).epsilon(0.03));
}

TEST_CASE("The fast normal numbers have the moments and the quantiles of the normal distribution") {
  FastNormal normal(Random(9, 0, 0, Purpose::simulate));
  std::vector<double> values(400000);
  double third = 0, fourth = 0, beyond_two = 0, neighbours = 0;
  for (double& value : values) value = normal();
  for (size_t i = 0; i < values.size(); ++i) {
    third += std::pow(values[i], 3) / static_cast<double>(values.size());
    fourth += std::pow(values[i], 4) / static_cast<double>(values.size());
    beyond_two += (std::abs(values[i]) > 2) / static_cast<double>(values.size());
    if (i > 0) neighbours += values[i] * values[i - 1] / static_cast<double>(values.size());
  }
  CHECK(mean(values) == Approx(0).margin(0.008));
  CHECK(deviation(values) == Approx(1).epsilon(0.005));
  CHECK(third == Approx(0).margin(0.02));
  CHECK(fourth == Approx(3).epsilon(0.02));
  CHECK(beyond_two == Approx(0.0455).epsilon(0.05));
  CHECK(neighbours == Approx(0).margin(0.008));
}

// Width at half maximum of a source in the middle of a plane of odd size: along the row, by linear interpolation.
double width_at_half(const Plane& plane) {
  const int middle = plane.size / 2;
  const float* row = plane.row(middle);
  double width = 0;
  for (const int direction : {1, -1}) {
    int i = middle;
    while (row[i + direction] > 0.5F * row[middle]) i += direction;
    const double inside = row[i], outside = row[i + direction];
    width += std::abs(i - middle) + (inside - 0.5 * row[middle]) / (inside - outside);
  }
  return width;
}

TEST_CASE("Stars are as wide as the seeing of survey and band, which varies from field to field") {
  std::vector<double> seeing[2][3];
  for (uint64_t i = 0; i < 60; ++i) {
    Galaxy star = draw_galaxy(4, i);
    star.spheroid.flux = star.disk.flux = star.bar.flux = {};
    star.clumps.clear();
    star.petrosian_radius = 0.396 * 101 / 4;  // odd numbers of pixels: the star is in the middle of one
    star.neighbours = {{{1e6, 1e6, 1e6, 1e6}, 0, 0, 0, 1, 0}};
    for (const Survey survey : {Survey::sdss, Survey::des}) {
      const Exposure exposure = expose(survey, star, survey == Survey::sdss ? 1000 : 83);
      for (size_t c = 0; c < 3; ++c) {
        Plane expected(15);
        for (int column = 0; column < 15; ++column) {
          const double fwhm = exposure.seeing_arcsec[c] / exposure.pixel_arcsec;
          expected.row(7)[column] = static_cast<float>(test::moffat_in_pixel(fwhm, column - 7, 0));
        }
        CHECK(width_at_half(exposure.planes[c]) == Approx(width_at_half(expected)).epsilon(0.02));
        seeing[static_cast<int>(survey)][c].push_back(exposure.seeing_arcsec[c]);
      }
    }
  }
  CHECK(test::median(seeing[0][1]) == Approx(1.3).epsilon(0.08));
  CHECK(test::median(seeing[1][1]) == Approx(0.95).epsilon(0.08));
  CHECK(test::median(seeing[0][2]) > test::median(seeing[0][0]));  // sharper in red
  CHECK(test::deviation(seeing[0][1]) > 0.05);
}

}  // namespace
}  // namespace hpcai::simulate
