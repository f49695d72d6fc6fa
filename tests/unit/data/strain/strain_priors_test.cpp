#include "hpcai/data/strain/strain_priors.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "hpcai/core/error.h"

namespace hpcai::data {

TEST_CASE("all parameters but the phase and fixed ones are inferred, in the order of their names") {
  StrainPriorsConfig config;
  config.chi_2 = simulate::FixedPriorConfig{0.1};
  const StrainPriors priors(config);
  CHECK(priors.names() == std::vector<std::string>{"chirp_mass", "mass_ratio", "chi_1", "luminosity_distance", "theta_jn", "psi",
                                                   "time", "zenith", "azimuth"});
  CHECK(priors.ranges()[0] == std::array<double, 2>{20, 50});
  Random random(1, 0, 0, Purpose::test);
  const simulate::CompactBinary binary = priors.draw(random);
  CHECK(binary.chi_2 == 0.1);
  const auto inferred = priors.inferred(binary);
  const simulate::CompactBinary back = priors.binary(inferred);
  CHECK(back.chirp_mass == binary.chirp_mass);
  CHECK(back.azimuth == binary.azimuth);
  CHECK(back.chi_2 == 0.1);
  CHECK(back.phase == 0);
}

TEST_CASE("the density of the inferred parameters is the product of the priors, and zero outside") {
  StrainPriorsConfig config;
  config.luminosity_distance = simulate::PowerLawPriorConfig{2, 100, 2000};
  const StrainPriors priors(config);
  Random random(2, 0, 0, Purpose::test);
  auto values = priors.inferred(priors.draw(random));
  values[4] = 1000;  // Mpc
  values[5] = values[8] = std::acos(0.0);
  const double expected = -std::log(30 * 0.875 * 1.6 * 1.6) + std::log(3 * 1e6 / (8e9 - 1e6)) + 2 * std::log(0.5) -
                          std::log(M_PI / 2) - std::log(0.04) - std::log(2 * M_PI);
  CHECK(priors.log_density(values) == Approx(expected).epsilon(1e-10));
  values[0] = 51;
  CHECK(priors.log_density(values) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("draws follow the priors, and an impossible prior is refused") {
  const StrainPriors priors(StrainPriorsConfig{});
  Random random(3, 0, 0, Purpose::test);
  double mass = 0, cosine = 0;
  const int count = 20000;
  for (int i = 0; i < count; ++i) {
    const simulate::CompactBinary binary = priors.draw(random);
    mass += binary.chirp_mass / count;
    cosine += std::cos(binary.theta_jn) / count;
  }
  CHECK(mass == Approx(35).margin(0.25));
  CHECK(cosine == Approx(0).margin(0.02));
  StrainPriorsConfig config;
  config.mass_ratio = simulate::UniformPriorConfig{0.5, 1.5};
  CHECK_THROWS_AS(StrainPriors(config), Error);
  config.mass_ratio = simulate::UniformPriorConfig{0.5, 0.5};
  CHECK_THROWS_AS(StrainPriors(config), Error);
  config = {};
  config.chi_1 = simulate::UniformPriorConfig{-1.5, 0};
  CHECK_THROWS_AS(StrainPriors(config), Error);
}

}  // namespace hpcai::data
