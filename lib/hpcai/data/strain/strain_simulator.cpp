#include "hpcai/data/strain/strain_simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/simulate/fast_normal.h"
#include "hpcai/simulate/strain/chirp_spectrum.h"
#include "hpcai/simulate/strain/projection.h"
#include "hpcai/simulate/strain/units.h"

namespace hpcai::data {
namespace {

constexpr double kAfterMerger = 0.05;  // s that a ringdown and the light between detectors take

// The time in seconds that a binary takes from a frequency to the merger, in the Newtonian limit; other terms change it by some
// per cent. Cutler, Flanagan, PRD 49, 2658, equation 2.
double time_to_merger_s(double chirp_mass, double from_hz) {
  const double mass_s = chirp_mass * simulate::kSolarMassSeconds;
  return 5.0 / 256 * mass_s * std::pow(std::numbers::pi * mass_s * from_hz, -8.0 / 3);
}

// A longer signal would wrap around the analysed time.
void require_room(const StrainModelConfig& config, const StrainPriors& priors) {
  const double lightest = simulate::range(priors.prior("chirp_mass")).first;
  const auto [earliest, latest] = simulate::range(priors.prior("time"));
  const double last = config.after_s - kStrainTaper - kAfterMerger;
  if (latest > last) {
    throw Error(ExitCode::usage,
                fmt::format("data.priors.time reaches to {:g} s, but only mergers up to {:g} s lie well within the analysed time",
                            latest, last),
                "Lower it, or raise data.after_s.");
  }
  const double needed_s = time_to_merger_s(lightest, config.low_hz);
  const double given_s = config.duration_s - config.after_s - kStrainTaper + earliest;
  if (needed_s <= given_s) return;
  throw Error(
      ExitCode::usage,
      fmt::format("binaries with a chirp mass of {:g} solar masses take {:.2g} s from {:g} Hz to the merger, but only {:g} s "
                  "before it are analysed in full",
                  lightest, needed_s, config.low_hz, given_s),
      "Raise data.duration_s, data.low_hz or the smallest data.priors.chirp_mass.");
}

}  // namespace

std::vector<const simulate::Detector*> detectors_of(const StrainModelConfig& config) {
  std::vector<const simulate::Detector*> detectors;
  for (const std::string& name : config.detectors) {
    const simulate::Detector* detector = &simulate::detector(name);
    if (std::ranges::count(detectors, detector) > 0) {
      throw Error(ExitCode::usage, fmt::format("data.detectors names {} twice", name), "Name each detector once.");
    }
    detectors.push_back(detector);
  }
  if (detectors.empty()) throw Error(ExitCode::usage, "data.detectors is empty", "Name at least one: H1, L1 or V1.");
  return detectors;
}

simulate::BaselineFrame baseline_of(const StrainModelConfig& config) {
  const auto detectors = detectors_of(config);
  if (detectors.size() > 1) return {*detectors[0], *detectors[1]};
  return {*detectors[0], simulate::detector(detectors[0]->name == "L1" ? "H1" : "L1")};
}

StrainSimulator::StrainSimulator(const StrainModelConfig& config)
    : config_(config), priors_(config.priors), input_(config), detectors_(detectors_of(config)), frame_(baseline_of(config)) {
  simulate::check(config.noise);
  require_room(config, priors_);
}

template <class Use>
void StrainSimulator::for_each_detector(const simulate::CompactBinary& binary, Random random, Use&& use) const {
  const simulate::FrequencyBand& band = input_.band();
  thread_local simulate::ComplexSeries chirp, strain;
  thread_local std::vector<double> inverse_amplitude;
  const auto size = static_cast<size_t>(band.size());
  for (auto* series : {&chirp, &strain}) {
    series->re.resize(size);
    series->im.resize(size);
  }
  inverse_amplitude.resize(size);
  simulate::chirp_spectrum(binary.chirp_mass, binary.mass_ratio, binary.chi_1, binary.chi_2, binary.luminosity_distance,
                           config_.reference_hz, band, chirp);
  const simulate::Direction direction = frame_.to_earth({binary.zenith, binary.azimuth});
  const double deviation = 1 / std::sqrt(4 * band.step_hz);
  for (size_t d = 0; d < detectors_.size(); ++d) {
    const simulate::Detector& detector = *detectors_[d];
    simulate::draw_whitening(config_.noise, random, band, inverse_amplitude);
    simulate::project(chirp, simulate::antenna(detector, direction, binary.psi), binary.theta_jn, binary.phase,
                      simulate::arrival_s(binary.time_s, *detectors_.front(), detector, direction), band, inverse_amplitude,
                      strain);
    simulate::FastNormal normal(random);
    for (size_t i = 0; i < size; ++i) {
      strain.re[i] += deviation * normal();
      strain.im[i] += deviation * normal();
    }
    random = normal.random();
    use(d, strain, inverse_amplitude);
  }
}

std::vector<simulate::WhitenedData> StrainSimulator::simulate(const simulate::CompactBinary& binary, Random random) const {
  std::vector<simulate::WhitenedData> all;
  for_each_detector(binary, random,
                    [&](size_t d, const simulate::ComplexSeries& strain, const std::vector<double>& inverse_amplitude) {
    all.push_back({config_.detectors[d], strain, inverse_amplitude});
  });
  return all;
}

void StrainSimulator::write(const simulate::CompactBinary& binary, Random random, float* out) const {
  for_each_detector(binary, random,
                    [&](size_t d, const simulate::ComplexSeries& strain, const std::vector<double>& inverse_amplitude) {
    input_.write(strain, inverse_amplitude, out + static_cast<int64_t>(d) * input_.length());
  });
}

}  // namespace hpcai::data
