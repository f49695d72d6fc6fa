#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::simulate {

// A one-sided power spectral density in 1/Hz at the frequencies 0, step_hz, 2 step_hz, ...
struct Spectrum {
  double step_hz = 0;
  std::vector<double> density;

  double highest_hz() const { return static_cast<double>(density.size() - 1) * step_hz; }
};

// The densities at 0, step_hz, ... up to highest_hz, interpolated linearly in the density, as bilby does. Throws Error{usage} if
// the spectrum is empty or ends before highest_hz.
Spectrum at_step(const Spectrum& spectrum, double step_hz, double highest_hz);

// 1 / sqrt(density) in the band, interpolated likewise. Throws what at_step() throws, and Error{bad_data} for a density in the
// band that is not a positive number.
std::vector<double> inverse_asd(const Spectrum& spectrum, const FrequencyBand& band);

// A smooth curve of a detector's noise: the densities of three terms add up,
//   low_asd^2 (f / 20 Hz)^-low_exponent + mid_asd^2 (f / 60 Hz)^-mid_exponent + high_asd^2 (1 + (f / corner_hz)^2).
struct NoiseCurve {
  double low_asd, low_exponent;  // 1/sqrt(Hz); seismic noise
  double mid_asd, mid_exponent;  // suspensions, radiation pressure
  double high_asd, corner_hz;    // shot noise

  double density(double frequency_hz) const;  // 1/Hz; frequency_hz > 0
};

// A curve for examples and tests, fitted to published ones between 20 and 1,000 Hz:
//   "aligo"        Advanced LIGO at design sensitivity (LIGO-T0900288, zero detuning, high power), to 25 percent in sqrt(S)
//   "aligo_early"  as planned for its first runs (LIGO-P1200087), to 10 percent
// Throws Error{usage} for another name.
const NoiseCurve& design_curve(std::string_view name);

// That curve up to highest_hz. Below 10 Hz it is constant.
Spectrum design_spectrum(std::string_view name, double step_hz, double highest_hz);

}  // namespace hpcai::simulate
