#include "hpcai/inference/search.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>

#include "hpcai/core/parallel.h"
#include "hpcai/core/random.h"
#include "hpcai/data/strain/strain_priors.h"
#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/simulate/fft.h"
#include "hpcai/simulate/strain/chirp_spectrum.h"
#include "hpcai/simulate/strain/units.h"

namespace hpcai::inference {
namespace {

using simulate::CompactBinary;
using simulate::FrequencyBand;

constexpr int64_t kTemplates = 400, kWideTemplates = 200;
constexpr double kLeastWideMass = 3, kMostWideMass = 120;  // chirp masses of the wide range, solar masses
constexpr double kClearly = 1.05;                          // by which a signal-to-noise ratio outside of the prior is larger
constexpr double kLeastRate = 2048;                        // of the filter's output, Hz

// The output of the matched filter around the reference time: its modulus at the times (i - centre) / rate.
struct Filtered {
  double rate_hz;
  int64_t centre;
  std::vector<double> snr;
};

// The signal-to-noise ratio of a template with the merger at each time, for one detector.
Filtered filter(const simulate::ComplexSeries& chirp, const simulate::WhitenedData& data, const FrequencyBand& band,
                double reach_s) {
  const auto period = static_cast<double>(1 / band.step_hz);
  const int64_t size = simulate::fft_length(
      static_cast<int64_t>(std::ceil(period * std::max(kLeastRate, 2.0 * static_cast<double>(band.last) * band.step_hz))));
  std::vector<std::complex<double>> product(static_cast<size_t>(size));
  double power = 0;
  for (int64_t i = 0; i < band.size(); ++i) {
    const auto k = static_cast<size_t>(i);
    const std::complex<double> signal = std::complex<double>(chirp.re[k], chirp.im[k]) * data.inverse_asd[k];
    // conjugated, because fft() has a negative sign in the exponent
    product[static_cast<size_t>(band.first + i)] = std::conj(std::complex<double>(data.data.re[k], data.data.im[k])) * signal;
    power += std::norm(signal);
  }
  const std::vector<std::complex<double>> series = simulate::fft(product);
  const double scale = std::sqrt(4 * band.step_hz) / std::sqrt(power);
  Filtered result{static_cast<double>(size) / period, 0, {}};
  result.centre = static_cast<int64_t>(std::ceil(reach_s * result.rate_hz));
  for (int64_t i = -result.centre; i <= result.centre; ++i) {
    result.snr.push_back(scale * std::abs(series[static_cast<size_t>(i < 0 ? i + size : i)]));
  }
  return result;
}

// The best time of one template.
Trigger best_time(const std::vector<Filtered>& detectors, const std::vector<double>& light_s, double gps_s, double tolerance_s) {
  const Filtered& first = detectors.front();
  const auto reach = static_cast<int64_t>(tolerance_s * first.rate_hz);
  Trigger best;
  for (int64_t i = -reach; i <= reach; ++i) {
    std::vector<double> snrs{first.snr[static_cast<size_t>(first.centre + i)]};
    double sum = snrs[0] * snrs[0];
    for (size_t d = 1; d < detectors.size(); ++d) {
      const auto near = static_cast<int64_t>(std::ceil(light_s[d] * first.rate_hz));
      const auto at = detectors[d].snr.begin() + detectors[d].centre + i;
      snrs.push_back(*std::max_element(at - near, at + near + 1));
      sum += snrs.back() * snrs.back();
    }
    if (sum <= best.snr * best.snr) continue;
    best.snr = std::sqrt(sum);
    best.snrs = std::move(snrs);
    best.gps_s = gps_s + static_cast<double>(i) / first.rate_hz;
  }
  return best;
}

// Template `index`: from the priors, or from the wide range of chirp masses.
CompactBinary template_of(const data::StrainPriors& priors, int64_t index) {
  Random random(0, 0, static_cast<uint64_t>(index), Purpose::simulate);
  CompactBinary binary = priors.draw(random);
  if (index >= kTemplates) {
    const double part = (static_cast<double>(index - kTemplates) + 0.5) / static_cast<double>(kWideTemplates);
    binary.chirp_mass = kLeastWideMass * std::pow(kMostWideMass / kLeastWideMass, part);
  }
  return binary;
}

}  // namespace

Trigger search(const data::StrainModelConfig& model, const Observation& observation, double tolerance_s, int threads) {
  const data::StrainPriors priors(model.priors);
  const auto detectors = data::detectors_of(model);
  const double reach_s = tolerance_s + 0.05;  // light crosses the Earth in 0.043 s
  std::vector<double> light_s;
  for (const auto* detector : detectors) {
    double squared = 0;
    for (size_t i = 0; i < 3; ++i) squared += std::pow(detector->vertex_m[i] - detectors[0]->vertex_m[i], 2);
    light_s.push_back(std::sqrt(squared) / simulate::kSpeedOfLight);
  }
  std::vector<Trigger> found(static_cast<size_t>(kTemplates + kWideTemplates));
  parallel_for(kTemplates + kWideTemplates, threads, [&](int64_t index) {
    const CompactBinary binary = template_of(priors, index);
    simulate::ComplexSeries chirp(observation.band.size());
    simulate::chirp_spectrum(binary.chirp_mass, binary.mass_ratio, binary.chi_1, binary.chi_2, 1, model.reference_hz,
                             observation.band, chirp);
    std::vector<Filtered> filtered;
    for (const auto& data : observation.detectors) filtered.push_back(filter(chirp, data, observation.band, reach_s));
    Trigger& trigger = found[static_cast<size_t>(index)];
    trigger = best_time(filtered, light_s, observation.gps_s, tolerance_s);
    trigger.chirp_mass = binary.chirp_mass;
  });
  const auto [low, high] = simulate::range(priors.prior("chirp_mass"));
  std::optional<Trigger> inside, outside;
  for (const Trigger& trigger : found) {
    auto& best = trigger.chirp_mass >= low && trigger.chirp_mass <= high ? inside : outside;
    if (!best || trigger.snr > best->snr) best = trigger;
  }
  inside->outside_prior = outside && outside->snr > kClearly * inside->snr;
  if (inside->outside_prior) inside->chirp_mass = outside->chirp_mass;
  return *inside;
}

}  // namespace hpcai::inference
