#include "hpcai/simulate/overlap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/band_limited.h"
#include "hpcai/simulate/fft.h"

namespace hpcai::simulate {

namespace {

using Values = std::vector<std::complex<double>>;

constexpr int64_t kPeakMargin = 16;  // samples on either side of a maximum that the interpolation reads
constexpr double kFade = 0.1;        // part of the series

template <typename T>
Values padded_spectrum(std::span<const T> series, size_t length) {
  Values padded(length);
  std::copy(series.begin(), series.end(), padded.begin());
  return fft(padded);
}

// The negative frequencies, which are the upper half of the transform.
void remove_negative(Values& spectrum) { std::fill(spectrum.begin() + (spectrum.size() + 1) / 2, spectrum.end(), 0.0); }

// The squared norm. `weights`: of each value; empty for 1.
double squared_norm(const Values& values, std::span<const double> weights) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += std::norm(values[i]) * (weights.empty() ? 1 : weights[i]);
  return sum;
}

// The length of the transform for series of `size` samples: twice as many, so that no shift wraps around.
int64_t transform_length(int64_t size) { return fft_length(2 * size); }

Values faded_in(std::span<const std::complex<double>> series) {
  Values faded(series.begin(), series.end());
  const auto rise = static_cast<double>(series.size()) * kFade;
  for (size_t i = 0; static_cast<double>(i) < rise; ++i) {
    faded[i] *= (1 - std::cos(std::numbers::pi * static_cast<double>(i) / rise)) / 2;
  }
  return faded;
}

// The largest modulus of a periodic correlation, also between samples.
double largest(const Values& correlation) {
  const auto smaller = [](const auto& x, const auto& y) { return std::norm(x) < std::norm(y); };
  const auto size = static_cast<int64_t>(correlation.size());
  const int64_t peak = std::max_element(correlation.begin(), correlation.end(), smaller) - correlation.begin();
  Values around(2 * kPeakMargin + 1);
  for (int64_t i = 0; i <= 2 * kPeakMargin; ++i) around[i] = correlation[((peak + i - kPeakMargin) % size + size) % size];
  return std::max(std::abs(correlation[peak]), std::abs(interpolate(around, refine_peak(around, kPeakMargin))));
}

template <typename T>
double overlap_of(std::span<const T> a, std::span<const T> b, bool analytic, std::span<const double> weights = {}) {
  if (a.size() != b.size() || a.empty()) throw std::invalid_argument("overlap: two series of one size are needed");
  const auto length = static_cast<size_t>(transform_length(static_cast<int64_t>(a.size())));
  if (!weights.empty() && weights.size() != length) throw std::invalid_argument("overlap: weights of another length");
  Values x = padded_spectrum(a, length), y = padded_spectrum(b, length);
  if (analytic) {
    remove_negative(x);
    remove_negative(y);
  }
  const double scale = std::sqrt(squared_norm(x, weights) * squared_norm(y, weights));
  if (!(scale > 0) || !std::isfinite(scale)) return std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < length; ++i) x[i] *= std::conj(y[i]) * ((weights.empty() ? 1 : weights[i]) / scale);
  return std::min(1.0, largest(fft(x)));
}

}  // namespace

double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b) {
  return overlap_of(a, b, false);
}

std::vector<double> noise_weights(const DetectorNoise& noise, const TimeGrid& grid) {
  const auto length = static_cast<size_t>(transform_length(grid.size()));
  const auto& density = noise.spectrum.density;
  std::vector<double> weights(length, 0);
  double largest_weight = 0;
  for (size_t k = 0; k < length; ++k) {
    const auto bin = static_cast<double>(std::min(k, length - k));
    const double frequency_hz = bin / (static_cast<double>(length) * grid.step * noise.total_mass * kSolarMassSeconds);
    const double position = frequency_hz / noise.spectrum.step_hz;
    const auto below = static_cast<size_t>(position);
    if (frequency_hz < noise.lowest_hz || below + 1 >= density.size()) continue;
    const double part = position - static_cast<double>(below);
    weights[k] = 1 / (density[below] + part * (density[below + 1] - density[below]));
    largest_weight = std::max(largest_weight, weights[k]);
  }
  if (!(largest_weight > 0) || !std::isfinite(largest_weight)) {
    throw Error(ExitCode::usage,
                fmt::format("overlap: no frequency of the waveforms from {:g} Hz on lies in the noise curve", noise.lowest_hz),
                "Take another total mass, or a noise curve of more frequencies.");
  }
  for (double& weight : weights) weight /= largest_weight;
  return weights;
}

double overlap(std::span<const std::complex<double>> a, std::span<const std::complex<double>> b,
               std::span<const double> weights) {
  const Values x = faded_in(a), y = faded_in(b);
  return overlap_of(std::span<const std::complex<double>>(x), std::span<const std::complex<double>>(y), false, weights);
}

double overlap(std::span<const double> a, std::span<const double> b) { return overlap_of(a, b, true); }

}  // namespace hpcai::simulate
