#include "hpcai/simulate/galaxy_light.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "galaxy_statistics.h"

namespace hpcai::simulate {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr BandTriple kBands = {Band::i, Band::r, Band::g};

// Integral of the light over a square of `side` arcseconds.
Rgb integral(const Galaxy& galaxy, double side, int steps = 500) {
  const GalaxyLight light(galaxy, kBands);
  std::array<double, 3> sum{};
  const double step = side / steps;
  for (int i = 0; i < steps * steps; ++i) {
    const Rgb here =
        light(static_cast<float>((i % steps + 0.5) * step - side / 2), static_cast<float>((i / steps + 0.5) * step - side / 2));
    for (int c = 0; c < 3; ++c) sum[c] += here[c] * step * step;
  }
  return {static_cast<float>(sum[0]), static_cast<float>(sum[1]), static_cast<float>(sum[2])};
}

Galaxy armed_disk(double inclination) {
  Galaxy galaxy = test::bright_disk(2, inclination);
  galaxy.arms = {};
  galaxy.arms.count = 2;
  galaxy.arms.pitch = 18 * kDegree;
  galaxy.arms.strength = 0.9;
  galaxy.arms.sharpness = 2.5;
  galaxy.arms.inner_radius = 1;
  return galaxy;
}

TEST_CASE("Every component puts the flux on the sky that it was given") {
  SECTION("spheroid") { CHECK(integral(test::bright_spheroid(2.5, 2, 0.6, 0.7), 120)[1] == Approx(1e5).epsilon(0.01)); }
  SECTION("inclined disk") { CHECK(integral(test::bright_disk(2, 60 * kDegree), 60)[1] == Approx(1e5).epsilon(0.01)); }
  SECTION("edge-on disk") { CHECK(integral(test::bright_disk(2, 87 * kDegree), 40)[1] == Approx(1e5).epsilon(0.01)); }
  SECTION("disk with arms") { CHECK(integral(armed_disk(30 * kDegree), 60)[1] == Approx(1e5).epsilon(0.01)); }
  SECTION("bar") {
    Galaxy galaxy = armed_disk(50 * kDegree);
    galaxy.bar = {{2e4, 3e4, 4e4, 5e4}, 2, 0.3, 0.8};
    const Rgb with = integral(galaxy, 60);
    CHECK(with[0] == Approx(1.4e5).epsilon(0.01));
    CHECK(with[1] == Approx(1.3e5).epsilon(0.01));
    CHECK(with[2] == Approx(1.2e5).epsilon(0.01));
  }
}

TEST_CASE("Arms follow the logarithmic spiral of their pitch and sense of winding") {
  for (const int winding : {1, -1}) {
    Galaxy galaxy = armed_disk(0);
    galaxy.position_angle = 0;
    galaxy.arms.winding = winding;
    const GalaxyLight light(galaxy, kBands);
    double previous = 0;
    for (const double r : {3.0, 4.0, 5.0}) {
      double best = -1, brightest = 0;
      for (double angle = 0; angle < std::numbers::pi; angle += 0.002) {  // two arms: half a turn holds one
        const double here = light(static_cast<float>(r * std::cos(angle)), static_cast<float>(r * std::sin(angle)))[1];
        if (here > best) best = here, brightest = angle;
      }
      const double expected = winding * std::log(r / 2) / std::tan(18 * kDegree);
      CHECK(std::abs(std::sin(brightest - expected)) < 0.01);  // equal but for half turns
      CHECK(brightest != previous);
      previous = brightest;
    }
  }
}

TEST_CASE("The opposite winding is the mirror image") {
  Galaxy galaxy = armed_disk(0), mirrored = galaxy;
  galaxy.position_angle = mirrored.position_angle = 0;
  galaxy.arms.phase = 0.3;
  mirrored.arms.phase = -0.3;
  mirrored.arms.winding = -1;
  const GalaxyLight a(galaxy, kBands), b(mirrored, kBands);
  for (const float x : {-3.0F, 0.7F, 4.0F}) {
    for (const float y : {-2.0F, 0.4F, 5.0F}) CHECK(a(x, y)[1] == Approx(b(x, -y)[1]).epsilon(1e-4));
  }
}

TEST_CASE("Arms are bluer than the disk between them") {
  Galaxy galaxy = armed_disk(0);
  galaxy.position_angle = 0;
  const GalaxyLight light(galaxy, kBands);
  const double on = std::log(2.0) / std::tan(18 * kDegree), off = on + std::numbers::pi / 2;
  const auto colour = [&](double angle) {
    const Rgb here = light(static_cast<float>(4 * std::cos(angle)), static_cast<float>(4 * std::sin(angle)));
    return -2.5 * std::log10(here[2] / here[0]);  // g - i
  };
  CHECK(colour(on) < colour(off) - 0.05);
}

TEST_CASE("Dust takes away light, blue light more than red, and an edge-on lane is darkest in the middle plane") {
  Galaxy galaxy = test::bright_disk(2, 89 * kDegree);
  galaxy.position_angle = 0;
  Galaxy dusty = galaxy;
  dusty.dust.lane_depth = 1.5;
  const Rgb clean = GalaxyLight(galaxy, kBands)(1, 0), dimmed = GalaxyLight(dusty, kBands)(1, 0);
  CHECK(dimmed[1] / clean[1] == Approx(std::exp(-1.5 * std::exp(-0.3 * 0.25))).epsilon(1e-3));
  CHECK(dimmed[2] / clean[2] < dimmed[1] / clean[1]);
  CHECK(dimmed[1] / clean[1] < dimmed[0] / clean[0]);
  CHECK(GalaxyLight(dusty, kBands)(1, 0.4F)[1] > dimmed[1]);
  CHECK(GalaxyLight(dusty, kBands)(1, 3)[1] == Approx(GalaxyLight(galaxy, kBands)(1, 3)[1]).epsilon(1e-3));

  Galaxy armed = armed_disk(30 * kDegree), dusty_arms = armed;
  dusty_arms.dust.arm_depth = 0.6;
  const Rgb with = integral(dusty_arms, 40), without = integral(armed, 40);
  CHECK(with[2] < 0.97 * without[2]);
  CHECK(with[2] / without[2] < with[0] / without[0]);
}

}  // namespace
}  // namespace hpcai::simulate
