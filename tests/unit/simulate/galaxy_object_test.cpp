#include "hpcai/simulate/galaxy_draw.h"
#include "hpcai/simulate/galaxy_object.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "galaxy_statistics.h"

namespace hpcai::simulate {
namespace {

using test::median;

// Flux of exp(-b r^(1/n)) within r (units of the effective radius), by the midpoint rule in r^(1/(2n)).
double flux_within(double n, double radius) {
  const double top = std::pow(radius, 0.5 / n);
  const int steps = 20000;
  double sum = 0;
  for (int i = 0; i < steps; ++i) {
    const double s = (i + 0.5) / steps * top;  // r = s^(2n)
    const double r = std::pow(s, 2 * n);
    sum += 2 * std::numbers::pi * r * std::exp(-sersic_b(n) * s * s) * 2 * n * r / s * top / steps;
  }
  return sum;
}

TEST_CASE("Half of a Sersic galaxy's light lies within its effective radius, and its total flux is the integral") {
  for (const double n : {0.6, 1.0, 2.5, 4.0, 6.5}) {
    CAPTURE(n);
    CHECK(flux_within(n, 1) / sersic_flux(n) == Approx(0.5).epsilon(2e-4));
    CHECK(flux_within(n, std::pow(40 / sersic_b(n), n)) == Approx(sersic_flux(n)).epsilon(1e-5));
  }
}

TEST_CASE("Petrosian radii of the exponential and the de Vaucouleurs profile are those of Graham et al. 2005") {
  Spheroid spheroid{{1, 1, 1, 1}, 1, 1, 1};
  CHECK(face_on_petrosian_radius(spheroid, {}) == Approx(2.16).epsilon(0.04));
  spheroid.sersic_index = 4;
  CHECK(face_on_petrosian_radius(spheroid, {}) == Approx(1.82).epsilon(0.04));
  // An exponential disk is a Sersic profile with n = 1 and r_e = 1.678 h.
  const Disk disk{{1, 1, 1, 1}, 2.0};
  CHECK(face_on_petrosian_radius({}, disk) == Approx(2.16 * 1.678 * 2).epsilon(0.04));
}

TEST_CASE("An object is a function of its seed and index") {
  const Galaxy a = draw_galaxy(7, 12345), b = draw_galaxy(7, 12345);
  CHECK(a.magnitude == b.magnitude);
  CHECK(a.position_angle == b.position_angle);
  CHECK(a.noise_seed == b.noise_seed);
  CHECK(a.neighbours.size() == b.neighbours.size());
  CHECK(draw_galaxy(8, 12345).position_angle != a.position_angle);
  CHECK(draw_galaxy(7, 12346).position_angle != a.position_angle);
  CHECK(draw_galaxy(7, 12345 + (uint64_t{1} << 32)).position_angle != a.position_angle);
}

TEST_CASE("Of the objects 2 k and 2 k + 1 one is elliptical and one spiral, in random order") {
  int spiral_first = 0;
  for (uint64_t k = 0; k < 2000; ++k) {
    const int even = draw_galaxy(3, 2 * k).label, odd = draw_galaxy(3, 2 * k + 1).label;
    REQUIRE(even + odd == 1);
    spiral_first += even;
  }
  CHECK(spiral_first == Approx(1000).margin(90));  // four standard deviations
}

TEST_CASE("The population has the colours, magnitudes and sizes of the Galaxy Zoo sample") {
  std::vector<double> g_r[2], r_i[2], magnitude[2], radius[2];
  int lenticular = 0, edge_on = 0, barred = 0, clockwise = 0, armed = 0;
  const int count = 6000;
  for (uint64_t i = 0; i < count; ++i) {
    const Galaxy galaxy = draw_galaxy(1, i);
    lenticular += galaxy.lenticular;
    edge_on += galaxy.edge_on();
    barred += galaxy.bar.flux[1] > 0;
    armed += galaxy.arms.count > 0;
    clockwise += galaxy.arms.count > 0 && galaxy.arms.winding > 0;
    g_r[galaxy.label].push_back(galaxy.magnitude[0] - galaxy.magnitude[1]);
    r_i[galaxy.label].push_back(galaxy.magnitude[1] - galaxy.magnitude[2]);
    magnitude[galaxy.label].push_back(galaxy.magnitude[1]);
    radius[galaxy.label].push_back(galaxy.petrosian_radius);
  }
  // Medians of the 507 ellipticals and 456 spirals of the validation set of arXiv:1812.02183.
  CHECK(median(g_r[kElliptical]) == Approx(1.021).margin(0.08));
  CHECK(median(g_r[kSpiral]) == Approx(0.698).margin(0.08));
  CHECK(median(r_i[kElliptical]) == Approx(0.449).margin(0.05));
  CHECK(median(r_i[kSpiral]) == Approx(0.388).margin(0.06));
  CHECK(median(magnitude[kElliptical]) == Approx(16.33).margin(0.25));
  CHECK(median(magnitude[kSpiral]) == Approx(16.72).margin(0.3));
  CHECK(median(radius[kElliptical]) == Approx(6.65).epsilon(0.12));
  CHECK(median(radius[kSpiral]) == Approx(8.43).epsilon(0.12));
  CHECK(edge_on / (count / 2.0) == Approx(0.30).margin(0.04));
  CHECK(barred / (count / 2.0) == Approx(0.25).margin(0.04));
  CHECK(clockwise / static_cast<double>(armed) == Approx(0.5).margin(0.05));
  CHECK(lenticular / static_cast<double>(count) == Approx(0.024).margin(0.008));
}

TEST_CASE("Ellipticals are red, round to moderately flattened and without disk, and spirals have disks") {
  for (uint64_t i = 0; i < 2000; ++i) {
    const Galaxy galaxy = draw_galaxy(2, i);
    CAPTURE(i);
    if (galaxy.lenticular) continue;
    REQUIRE((galaxy.disk.flux[1] > 0) == (galaxy.label == kSpiral));
    REQUIRE(galaxy.spheroid.flux[1] > 0);
    if (galaxy.label == kElliptical) {
      REQUIRE(galaxy.spheroid.axis_ratio >= 0.45);
      REQUIRE(galaxy.magnitude[0] - galaxy.magnitude[1] > 0.6);
    } else {
      REQUIRE((galaxy.arms.count >= 2 && galaxy.arms.count <= 4) != galaxy.edge_on());
      REQUIRE((galaxy.dust.lane_depth == 0 || galaxy.edge_on()));
    }
  }
}

}  // namespace
}  // namespace hpcai::simulate
