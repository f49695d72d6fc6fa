#include "hpcai/data/sources/simulated_strain.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/data/loader.h"
#include "hpcai/data/open.h"
#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/simulate/strain/projection.h"

namespace hpcai::data {
namespace {

SimulatedStrainConfig small() {
  SimulatedStrainConfig config;
  config.train = 40;
  config.validation = 6;
  config.test = 0;
  config.windows = {{-0.5, 0.1, 512}};
  config.high_hz = 256;
  config.spectrum_values = 4;
  return config;
}

std::vector<float> sample(const Dataset& dataset, int64_t index, const Draw* draw) {
  std::vector<float> values(static_cast<size_t>(dataset.input_size()));
  dataset.read(index, draw, values.data());
  return values;
}

}  // namespace

TEST_CASE("strain has a channel for each detector, and the binary's parameters as targets") {
  const Splits splits = open(small(), 1);
  const SampleSpec& spec = splits.train->spec();
  CHECK(spec.input_shape == std::vector<int64_t>{2, 307 + 4});
  CHECK(spec.target_names.size() == 10);
  CHECK(spec.target_names.front() == "chirp_mass");
  CHECK(spec.target_ranges.size() == 10);
  CHECK(splits.validation->size() == 6);
  CHECK_FALSE(splits.test);
  CHECK(spec == *spec_of(small()));
}

TEST_CASE("training samples are drawn anew in every epoch with their targets, and fixed ones stay") {
  const Splits splits = open(small(), 1);
  const Draw first{7, 0}, second{7, 1}, other{8, 0};
  const std::vector<int64_t> rows{3, 5};
  const at::Tensor targets = splits.train->drawn_targets(rows, &first);
  CHECK(at::equal(targets, splits.train->drawn_targets(rows, &first)));
  CHECK_FALSE(at::equal(targets, splits.train->drawn_targets(rows, &second)));
  CHECK_FALSE(at::equal(targets, splits.train->drawn_targets(rows, &other)));
  CHECK(sample(*splits.train, 3, &first) == sample(*splits.train, 3, &first));
  CHECK(sample(*splits.train, 3, &first) != sample(*splits.train, 3, &second));
  CHECK(sample(*splits.validation, 3, nullptr) == sample(*splits.validation, 3, nullptr));
  CHECK(sample(*splits.validation, 3, nullptr) != sample(*splits.train, 3, nullptr));
  // the loader hands over the targets of the epoch
  Loader loader(*splits.train, Sampler(40, 8, 0, 1, SamplerMode::training, 7));
  const Batch batch = loader.next();
  const Draw draw{7, 0};
  CHECK(at::equal(batch.target, splits.train->drawn_targets(batch.index, &draw)));
  CHECK(batch.input[1].equal(at::tensor(sample(*splits.train, batch.index[1], &draw)).view({2, -1})));
}

TEST_CASE("targets lie in their ranges") {
  const Splits splits = open(small(), 1);
  std::vector<int64_t> all(40);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  const at::Tensor targets = splits.train->targets(all);
  const auto& ranges = splits.train->spec().target_ranges;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const at::Tensor column = targets.select(1, static_cast<int64_t>(i));
    CHECK(column.min().item<double>() >= ranges[i][0]);
    CHECK(column.max().item<double>() <= ranges[i][1] * (1 + 1e-6));
  }
}

TEST_CASE("the signal-to-noise ratio of simulated strain follows from its noise") {
  SimulatedStrainConfig config = small();
  config.priors.luminosity_distance = simulate::FixedPriorConfig{300};
  const StrainSimulator simulator(config);
  Random random(1, 0, 0, Purpose::test);
  double mean = 0, variance = 0;
  const int count = 400;
  for (int i = 0; i < count; ++i) {
    const simulate::CompactBinary binary = simulator.priors().draw(random);
    const auto data = simulator.simulate(binary, Random(1, 0, static_cast<uint64_t>(i), Purpose::noise));
    // matched filter with the true signal: mean <h|h>, variance <h|h>
    const simulate::Likelihood likelihood(data, simulator.input().band(), config.reference_hz, baseline_of(config));
    const auto terms = likelihood.terms(binary);
    const double overlap = terms.kappa2_re * std::cos(2 * binary.phase) - terms.kappa2_im * std::sin(2 * binary.phase);
    const double pull = (overlap - terms.rho2) / std::sqrt(terms.rho2);
    mean += pull / count;
    variance += pull * pull / count;
  }
  CHECK(mean == Approx(0).margin(0.2));
  CHECK(variance == Approx(1).margin(0.25));
}

TEST_CASE("strain that is too short for its binaries, and detectors that are not there, are refused") {
  SimulatedStrainConfig config = small();
  config.priors.chirp_mass = simulate::UniformPriorConfig{5, 50};
  CHECK_THROWS_WITH(open(config, 1), Catch::Contains("take") && Catch::Contains("analysed in full"));
  config = small();
  config.detectors = {"H1", "H1"};
  CHECK_THROWS_WITH(open(config, 1), Catch::Contains("twice"));
  config.detectors = {"X1"};
  CHECK_THROWS_AS(open(config, 1), Error);
  config.detectors = {};
  CHECK_THROWS_AS(open(config, 1), Error);
  config = small();
  config.noise.low_asd = {1e-22, 1e-23};
  CHECK_THROWS_AS(open(config, 1), Error);
  CHECK_THROWS_WITH(open_input(small(), "x.h5", {}), Catch::Contains("not read from one file"));
}

}  // namespace hpcai::data
