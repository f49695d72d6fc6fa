#include "hpcai/simulate/overlap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "hpcai/simulate/band_limited.h"
#include "hpcai/simulate/fft.h"

namespace hpcai::simulate {

namespace {

using Values = std::vector<std::complex<double>>;

constexpr int64_t kMargin = 16;  // samples on either side of a maximum that the interpolation reads

template <typename T>
Values padded_spectrum(std::span<const T> series, size_t length) {
  Values padded(length);
  std::copy(series.begin(), series.end(), padded.begin());
  return fft(padded);
}

// The negative frequencies, which are the upper half of the transform.
void remove_negative(Values& spectrum) { std::fill(spectrum.begin() + (spectrum.size() + 1) / 2, spectrum.end(), 0.0); }

double squared_norm(const Values& values) {
  double sum = 0;
  for (const std::complex<double>& value : values) sum += std::norm(value);
  return sum;
}

// The largest modulus of a periodic correlation, also between samples.
double largest(const Values& correlation) {
  const auto smaller = [](const auto& x, const auto& y) { return std::norm(x) < std::norm(y); };
  const auto size = static_cast<int64_t>(correlation.size());
  const int64_t peak = std::max_element(correlation.begin(), correlation.end(), smaller) - correlation.begin();
  Values around(2 * kMargin + 1);
  for (int64_t i = 0; i <= 2 * kMargin; ++i) around[i] = correlation[((peak + i - kMargin) % size + size) % size];
  return std::max(std::abs(correlation[peak]), std::abs(interpolate(around, refine_peak(around, kMargin))));
}

template <typename T>
double overlap_of(std::span<const T> a, std::span<const T> b, bool analytic) {
  if (a.size() != b.size() || a.empty()) throw std::invalid_argument("overlap: two series of one size are needed");
  // The transform has twice the length, so that no shift wraps around.
  const auto length = static_cast<size_t>(fft_length(2 * static_cast<int64_t>(a.size())));
  Values x = padded_spectrum(a, length), y = padded_spectrum(b, length);
  if (analytic) {
    remove_negative(x);
    remove_negative(y);
  }
  const double scale = std::sqrt(squared_norm(x) * squared_norm(y));
  if (!(scale > 0) || !std::isfinite(scale)) return std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < length; ++i) x[i] *= std::conj(y[i]) / scale;
  return std::min(1.0, largest(fft(x)));
}

}  // namespace

double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b) {
  return overlap_of(a, b, false);
}

double overlap(std::span<const double> a, std::span<const double> b) { return overlap_of(a, b, true); }

}  // namespace hpcai::simulate
