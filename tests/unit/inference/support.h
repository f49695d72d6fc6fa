#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/inference/observation.h"
#include "hpcai/models/conditional_density.h"
#include "hpcai/simulate/strain/likelihood.h"

namespace hpcai::inference {

// A network that knows nothing: the uniform density in the ranges of the priors.
class UniformDensity : public models::ConditionalDensity {
 public:
  explicit UniformDensity(std::vector<std::array<double, 2>> ranges) : ranges_(std::move(ranges)) {
    register_parameter("unused", at::zeros({1}));
    add_layer("none");
  }
  int64_t dimensions() const override { return static_cast<int64_t>(ranges_.size()); }
  at::Tensor context(const at::Tensor& input) override { return input.flatten(1).narrow(1, 0, 1); }
  at::Tensor log_density(const at::Tensor&, const at::Tensor& value) override { return at::zeros({value.size(0)}); }
  Drawn draw(const at::Tensor&, const at::Tensor& base) override {
    at::Tensor value = at::erfc(base * (-1 / std::sqrt(2.0))) * 0.5;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      value.select(1, static_cast<int64_t>(i)).mul_(ranges_[i][1] - ranges_[i][0]).add_(ranges_[i][0]);
    }
    return {value, at::zeros({base.size(0)})};
  }
  double log_uniform() const override {
    double sum = 0;
    for (const auto& [low, high] : ranges_) sum -= std::log(high - low);
    return sum;
  }

 private:
  std::vector<std::array<double, 2>> ranges_;
};

// A loud binary: only chirp mass and time are not known.
inline data::StrainModelConfig two_unknowns() {
  data::StrainModelConfig model;
  model.likelihood_high_hz = 512;
  model.priors.mass_ratio = simulate::FixedPriorConfig{0.8};
  model.priors.chi_1 = simulate::FixedPriorConfig{0.1};
  model.priors.chi_2 = simulate::FixedPriorConfig{0};
  model.priors.luminosity_distance = simulate::FixedPriorConfig{600};
  model.priors.theta_jn = simulate::FixedPriorConfig{0.4};
  model.priors.psi = simulate::FixedPriorConfig{0.3};
  model.priors.zenith = simulate::FixedPriorConfig{1.1};
  model.priors.azimuth = simulate::FixedPriorConfig{2};
  model.noise.low_asd = {2e-23, 4e-23};
  model.noise.mid_asd = {8e-24, 1e-23};
  model.noise.high_asd = {5e-24, 6e-24};
  model.noise.lines = {0, 0};
  return model;
}

// Simulated data of a binary with these inferred parameters, as if they had been measured.
inline Observation simulated(const data::StrainModelConfig& model, const std::vector<double>& inferred, uint64_t seed) {
  const data::StrainSimulator simulator(model);
  return {1126259462.4, simulator.input().band(),
          simulator.simulate(simulator.priors().binary(inferred), Random(seed, 0, 0, Purpose::noise)),
          std::vector<std::string>(model.detectors.size(), "simulated")};
}

// An event of a model with two unknown parameters, and a network that knows nothing of it.
struct TwoUnknownsEvent {
  explicit TwoUnknownsEvent(data::StrainModelConfig config) : model(std::move(config)) {}

  data::StrainModelConfig model;
  data::StrainPriors priors{model.priors};
  Observation observation = simulated(model, {31, 0.004}, 5);
  simulate::Likelihood likelihood{observation.detectors, observation.band, model.reference_hz, data::baseline_of(model)};
  UniformDensity network{priors.ranges()};
};

struct GridPosterior {
  double log_evidence, mass, width;  // the mean and the standard deviation of the chirp mass
};

// The posterior of chirp mass and time by sums over a grid in these ranges, which hold all of it.
inline GridPosterior posterior_on_grid(const simulate::Likelihood& likelihood, const data::StrainPriors& priors,
                                       std::array<double, 2> masses, std::array<double, 2> times) {
  constexpr int kSteps = 400;
  std::vector<std::array<double, 2>> grid;
  double largest = -1e300;
  for (int i = 0; i < kSteps; ++i) {
    for (int j = 0; j < kSteps; ++j) {
      const std::vector<double> values{masses[0] + (masses[1] - masses[0]) * (i + 0.5) / kSteps,
                                       times[0] + (times[1] - times[0]) * (j + 0.5) / kSteps};
      const double log_density = priors.log_density(values) +
                                 simulate::Likelihood::log_ratio_phase_marginalised(likelihood.terms(priors.binary(values)));
      grid.push_back({values[0], log_density});
      largest = std::max(largest, log_density);
    }
  }
  double sum = 0, mass = 0, square = 0;
  for (const auto& [value, log_density] : grid) {
    const double density = std::exp(log_density - largest);
    sum += density;
    mass += density * value;
    square += density * value * value;
  }
  mass /= sum;
  const double cell = (masses[1] - masses[0]) * (times[1] - times[0]) / (kSteps * kSteps);
  return {largest + std::log(sum * cell), mass, std::sqrt(square / sum - mass * mass)};
}

}  // namespace hpcai::inference
