#pragma once

#include <complex>
#include <span>

namespace hpcai::simulate {

// Agreement of two waveforms on the same uniform time grid, 0 to 1: |<a, b>| / (|a| |b|) with white (flat) noise,
// maximised over a constant phase and a time shift (samples shifted out meet zeros; the maximum is refined between
// samples). 1 means equal up to phase, time and scale. The reported quality of a prediction is the overlap of the
// complex h22 of the true with that of the predicted parameters. Both series must have the same size, at least one,
// else std::invalid_argument. NaN if either is zero or not finite.
double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b);

// The same for real series, such as Re h22: of each only the positive frequencies count, as is usual for matches of
// strain, so that a constant phase has a meaning. For h22 this is the value of the complex form, but for the abrupt
// ends of the series, which leak into both signs of frequency and cost up to about 1e-3: report the complex form where
// it is known.
double overlap(std::span<const double> a, std::span<const double> b);

}  // namespace hpcai::simulate
