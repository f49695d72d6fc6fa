#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace hpcai::simulate {

// Interpolates a series whose spectrum is empty beyond 0.18 of the sampling rate: windowed sinc, 16 samples wide, error
// about 1e-7 of the largest value. Positions are in samples of the series, from 7 to size - 9.
using Series = std::span<const std::complex<double>>;

std::complex<double> interpolate(Series series, double position);

// `count` values at first, first + step, ...; fastest where 1 / step or step is a whole number.
std::vector<std::complex<double>> interpolate(Series series, double first, double step, int64_t count);

// The position of the largest modulus within one sample of the sample `index`, which must lie 10 samples inside.
double refine_peak(Series series, int64_t index);

}  // namespace hpcai::simulate
