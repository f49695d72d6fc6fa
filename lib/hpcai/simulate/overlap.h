#pragma once

#include <complex>
#include <span>
#include <vector>

#include "hpcai/simulate/strain/spectrum.h"
#include "hpcai/simulate/strain/units.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

// The agreement of two waveforms on the same uniform time grid, 0 to 1: |<a, b>| / (|a| |b|) for white noise, maximised over a
// constant phase and a time shift. Both series are continued with zeros, and the maximum is refined between samples. 1 means
// equal up to phase, time and scale. The quality of a prediction is the overlap of the complex h22 of the true and of the
// predicted parameters. Throws std::invalid_argument unless both series have the same size, at least one. Returns NaN if a series
// is zero or not finite.
double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b);

// A detector's noise for waveforms of binaries of one total mass.
struct DetectorNoise {
  Spectrum spectrum;       // 1/Hz, from 0 Hz to the highest frequency that counts
  double lowest_hz = 20;   // lower frequencies do not count
  double total_mass = 60;  // of the binary as the detector sees it, in solar masses
};

// 1 / S(|f|), scaled to a largest value of 1, at the frequencies of the transform that overlap() takes of series on `grid`. The
// density between the frequencies of the spectrum is interpolated. Throws Error{usage} if no frequency counts.
std::vector<double> noise_weights(const DetectorNoise& noise, const TimeGrid& grid);

// The overlap with coloured noise: every product counts with its weight of noise_weights(). The first tenth of both series is
// faded in, because an abrupt start has all frequencies, also those at which the detector is most sensitive.
double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b, std::span<const double> weights);

// The same for real series, such as Re h22. Only the positive frequencies of each series are used, as is usual for matches of
// strain, so that a constant phase has a meaning. For h22 the value differs by up to about 1e-3 from the complex form, because
// the abrupt ends of the series leak into both signs of frequency. Prefer the complex form if it is known.
double overlap(std::span<const double> a, std::span<const double> b);

}  // namespace hpcai::simulate
