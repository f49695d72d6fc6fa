#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace hpcai::simulate {

// A uniformly sampled series whose spectrum is zero above 0.18 of the sampling rate.
using Series = std::span<const std::complex<double>>;

// The value at `position` (in samples, from 7 to size - 9), by a windowed sinc of 16 samples. The error is about 1e-7 of the
// largest value of the series.
std::complex<double> interpolate(Series series, double position);

// The values at the `count` positions first, first + step, ...; fastest if step or 1 / step is a whole number.
std::vector<std::complex<double>> interpolate(Series series, double first, double step, int64_t count);
std::vector<double> interpolate(std::span<const double> series, double first, double step, int64_t count);

// The position, in samples, of the largest modulus at most one sample away from sample `index`. At least 10 samples must lie on
// either side of `index`.
double refine_peak(Series series, int64_t index);

}  // namespace hpcai::simulate
