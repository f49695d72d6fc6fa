#pragma once

#include <complex>
#include <span>

#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/detector.h"
#include "hpcai/simulate/strain/frequency_band.h"

namespace hpcai::simulate {

// The factor between the strain of a detector, at its own time of the merger, and the spectrum h of chirp_spectrum.h:
//   (antenna.plus (1 + cos^2 i) / 2 - i antenna.cross cos i) exp(2 i phase),   i = theta_jn.
std::complex<double> response(const Antenna& antenna, double theta_jn, double phase);

// The time in seconds of the merger at `detector` if it is at `time_s` at the detector `first`.
double arrival_s(double time_s, const Detector& first, const Detector& detector, const Direction& direction);

// The whitened strain of one detector,
//   out(f) = response(antenna, theta_jn, phase) chirp(f) exp(-2 pi i f time_s) inverse_asd(f),
// with inverse_asd = 1 / sqrt(S), S: one-sided power spectral density in 1/Hz. All arrays have band.size() numbers; `out` may be
// `chirp`. The result is in sqrt(s): noise with the density S has the variance 1 / (4 step_hz) in each of re and im.
void project(const ConstComplexSpan& chirp, const Antenna& antenna, double theta_jn, double phase, double time_s,
             const FrequencyBand& band, std::span<const double> inverse_asd, ComplexSpan out);

// Inner products of whitened series: 4 step_hz sum conj(a) b. With data d and a signal h, inner_product(d, h) is bilby's
// <d | h>. inner_product(h, h) is the square of the optimal signal-to-noise ratio.
std::complex<double> inner_product(const ConstComplexSpan& a, const ConstComplexSpan& b, const FrequencyBand& band);
double optimal_snr_squared(const ConstComplexSpan& whitened, const FrequencyBand& band);

// The sums that a likelihood needs of one detector, without a whitened signal in memory:
//   overlap = 4 step_hz sum weighted(f) chirp(f) exp(-2 pi i f time_s),   power = 4 step_hz sum |chirp(f)|^2 inverse_density(f),
// where weighted = conj(data) / S.
struct ChirpSums {
  std::complex<double> overlap;
  double power;
};
ChirpSums chirp_sums(const ConstComplexSpan& chirp, const ConstComplexSpan& weighted, std::span<const double> inverse_density,
                     double time_s, const FrequencyBand& band);

}  // namespace hpcai::simulate
