#include "hpcai/inference/search.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "support.h"

namespace hpcai::inference {

TEST_CASE("the search finds the time and the strength of a signal") {
  data::StrainModelConfig model = two_unknowns();
  model.priors.time = simulate::UniformPriorConfig{-0.08, 0.08};
  const Observation observation = simulated(model, {33, 0.0613}, 2);
  const data::StrainPriors priors(model.priors);
  const simulate::Likelihood likelihood(observation.detectors, observation.band, model.reference_hz, data::baseline_of(model));
  const double optimal = std::sqrt(likelihood.terms(priors.binary(std::vector<double>{33, 0.0613})).rho2);
  REQUIRE(optimal > 10);
  const Trigger trigger = search(model, observation, 0.1, 2);
  CHECK(trigger.gps_s - observation.gps_s == Approx(0.0613).margin(0.004));
  CHECK(trigger.snr == Approx(optimal).margin(3));
  CHECK(trigger.snrs.size() == 2);
  CHECK(std::hypot(trigger.snrs[0], trigger.snrs[1]) == Approx(trigger.snr));
  CHECK_FALSE(trigger.outside_prior);
  const Trigger again = search(model, observation, 0.1, 1);
  CHECK(again.gps_s == trigger.gps_s);
  CHECK(again.snr == trigger.snr);
}

TEST_CASE("a signal whose chirp mass lies outside of the prior is told") {
  data::StrainModelConfig model = two_unknowns(), wide = model;
  wide.priors.chirp_mass = simulate::UniformPriorConfig{20, 100};
  const Observation observation = simulated(wide, {80, 0}, 3);
  model.priors.chirp_mass = simulate::UniformPriorConfig{20, 35};
  const Trigger trigger = search(model, observation, 0.1, 2);
  CHECK(trigger.outside_prior);
  CHECK(trigger.chirp_mass > 50);
}

TEST_CASE("noise alone has no loud trigger") {
  data::StrainModelConfig model = two_unknowns();
  model.priors.luminosity_distance = simulate::FixedPriorConfig{1e6};
  CHECK(search(model, simulated(model, {30, 0}, 4), 0.1, 2).snr < 6);
}

}  // namespace hpcai::inference
