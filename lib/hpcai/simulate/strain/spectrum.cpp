#include "hpcai/simulate/strain/spectrum.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hpcai/core/error.h"

namespace hpcai::simulate {

namespace {

constexpr double kLowestModelled = 10;  // Hz

constexpr NoiseCurve kAligo{1.84e-23, 4.32, 2.84e-24, 0.682, 3.11e-24, 722.5};
constexpr NoiseCurve kAligoEarly{2.14e-22, 4.01, 3.56e-24, 1.49, 6.59e-24, 393};

void check(const Spectrum& spectrum, double highest_hz) {
  const bool usable = spectrum.step_hz > 0 && spectrum.density.size() > 1;
  if (usable && highest_hz <= spectrum.highest_hz() * (1 + 1e-12)) return;
  throw Error(ExitCode::usage,
              fmt::format("noise spectrum: {} values in steps of {:g} Hz do not reach {:g} Hz", spectrum.density.size(),
                          spectrum.step_hz, highest_hz),
              "give a spectrum up to the highest frequency of the analysis");
}

double interpolate(const Spectrum& spectrum, double frequency_hz) {
  const double position = frequency_hz / spectrum.step_hz;
  const auto below = std::min(static_cast<size_t>(position), spectrum.density.size() - 2);
  const double part = position - static_cast<double>(below);
  return part == 0 ? spectrum.density[below] : (1 - part) * spectrum.density[below] + part * spectrum.density[below + 1];
}

}  // namespace

Spectrum at_step(const Spectrum& spectrum, double step_hz, double highest_hz) {
  check(spectrum, highest_hz);
  Spectrum result{step_hz, std::vector<double>(static_cast<size_t>(frequency_band(step_hz, highest_hz, step_hz).last))};
  for (size_t k = 0; k < result.density.size(); ++k) result.density[k] = interpolate(spectrum, static_cast<double>(k) * step_hz);
  return result;
}

std::vector<double> inverse_asd(const Spectrum& spectrum, const FrequencyBand& band) {
  check(spectrum, static_cast<double>(band.last - 1) * band.step_hz);
  std::vector<double> result(static_cast<size_t>(band.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    const double frequency = band.frequency_hz(static_cast<int64_t>(i)), density = interpolate(spectrum, frequency);
    if (!(density > 0) || !std::isfinite(density)) {
      throw Error(ExitCode::bad_data, fmt::format("noise spectrum: the density at {:g} Hz is {:g} 1/Hz", frequency, density),
                  "densities must be positive numbers in the band of the analysis");
    }
    result[i] = 1 / std::sqrt(density);
  }
  return result;
}

double NoiseCurve::density(double frequency_hz) const {
  const double high = frequency_hz / corner_hz;
  return low_asd * low_asd * std::pow(frequency_hz / 20, -low_exponent) +
         mid_asd * mid_asd * std::pow(frequency_hz / 60, -mid_exponent) + high_asd * high_asd * (1 + high * high);
}

const NoiseCurve& design_curve(std::string_view name) {
  if (name == "aligo") return kAligo;
  if (name == "aligo_early") return kAligoEarly;
  throw Error(ExitCode::usage, fmt::format("noise spectrum: no curve is called '{}'", name), "use aligo or aligo_early");
}

Spectrum design_spectrum(std::string_view name, double step_hz, double highest_hz) {
  const NoiseCurve& curve = design_curve(name);
  Spectrum result{step_hz, std::vector<double>(static_cast<size_t>(frequency_band(step_hz, highest_hz, step_hz).last))};
  for (size_t k = 0; k < result.density.size(); ++k) {
    result.density[k] = curve.density(std::max(static_cast<double>(k) * step_hz, kLowestModelled));
  }
  return result;
}

}  // namespace hpcai::simulate
