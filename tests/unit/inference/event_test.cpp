#include "hpcai/inference/event.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/inference/posterior.h"
#include "support.h"

namespace hpcai::inference {
namespace {

namespace fs = std::filesystem;

const fs::path kReal = fs::path(HPCAI_SOURCE_DIR) / "../shared/realdata/gwosc";
constexpr double kGps = 1126259462.4;

std::vector<fs::path> strain_files() {
  return {kReal / "L-L1_LOSC_4_V2-1126259446-32.hdf5", kReal / "H-H1_LOSC_4_V2-1126259446-32.hdf5"};
}

bool has_real_data() {
  if (fs::exists(strain_files()[0])) return true;
  WARN("SKIPPED: no real strain in " << kReal);
  return false;
}

}  // namespace

TEST_CASE("GW150914: the search finds the published event, with spectra from files and estimated ones") {
  if (!has_real_data()) return;
  const data::StrainModelConfig model;
  const SpectrumFiles spectra{{"H1", {kReal / "GW150914_PSD_H1.txt"}}, {"L1", {kReal / "GW150914_PSD_L1.txt"}}};
  const Recording with_files(model, strain_files(), spectra, kGps), estimated(model, strain_files(), {}, kGps);
  for (const Recording* recording : {&with_files, &estimated}) {
    const Observation observation = recording->observe(kGps);
    CHECK(observation.detectors[0].detector == "H1");
    const Trigger trigger = search(model, observation, 0.1, 2);
    CHECK(trigger.snr == Approx(24).margin(2.5));
    CHECK(trigger.gps_s == Approx(1126259462.42).margin(0.02).epsilon(0));
    CHECK_FALSE(trigger.outside_prior);
  }
}

TEST_CASE("files that are not those of the network's detectors are refused") {
  if (!has_real_data()) return;
  data::StrainModelConfig model;
  const auto files = strain_files();
  CHECK_THROWS_WITH(Recording(model, {files[0]}, {}, kGps), Catch::Contains("there is no strain of H1"));
  CHECK_THROWS_AS(Recording(model, {files[0], files[0]}, {}, kGps), Error);
  CHECK_THROWS_WITH(Recording(model, files, {{"V1", {kReal / "GW150914_PSD_H1.txt"}}}, kGps),
                    Catch::Contains("a noise spectrum is given for V1"));
  model.detectors = {"H1"};
  CHECK_THROWS_WITH(Recording(model, files, {}, kGps), Catch::Contains("holds L1"));
  CHECK_THROWS_AS(Recording({}, files, {}, kGps + 1000), Error);
}

TEST_CASE("an answer has samples of all parameters, and one without a signal is refused") {
  if (!has_real_data()) return;
  data::StrainModelConfig model = two_unknowns();  // the others as GW150914 has them
  model.priors.chi_1 = simulate::FixedPriorConfig{0};
  model.priors.theta_jn = simulate::FixedPriorConfig{2.7};
  model.priors.zenith = simulate::FixedPriorConfig{2.4};
  model.priors.azimuth = simulate::FixedPriorConfig{2.2};
  model.priors.luminosity_distance = simulate::FixedPriorConfig{500};
  const data::StrainPriors priors(model.priors);
  UniformDensity network(priors.ranges());
  const Recording recording(model, strain_files(), {}, kGps);
  const EventAnswer answer = answer_event(model, recording, network, kGps, {.draws = 20000, .threads = 2});
  CHECK(answer.weighted.effective_samples > 5);
  const data::PosteriorTable table = posterior_table(answer.weighted, model, answer.observation.gps_s, 500, 1);
  CHECK(table.samples.size() == 500 * table.parameters.size());
  const auto mass = interval_of(table, "chirp_mass");
  CHECK(mass.at("low").get<double>() <= mass.at("median").get<double>());
  CHECK(mass.at("median").get<double>() == Approx(31).margin(2.5));
  for (const double time : values_of(table, "H1_time")) CHECK(std::abs(time - 1126259462.42) < 0.05);
  for (const double latitude : values_of(table, "dec")) CHECK(std::abs(latitude) <= M_PI / 2);
  for (const double longitude : values_of(table, "ra")) CHECK((longitude >= 0 && longitude < 2 * M_PI));
  CHECK(facts_of(answer).at("detector_snr").contains("L1"));
  CHECK_THROWS_WITH(answer_event(model, recording, network, kGps - 5, {.draws = 1000}), Catch::Contains("no signal within"));
}

}  // namespace hpcai::inference
