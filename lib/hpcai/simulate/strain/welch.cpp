#include "hpcai/simulate/strain/welch.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/fft.h"

namespace hpcai::simulate {

namespace {

double median(std::vector<double>& values) {
  const size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + half, values.end());
  if (values.size() % 2 == 1) return values[half];
  return (*std::max_element(values.begin(), values.begin() + half) + values[half]) / 2;
}

// The mean of the median of `count` exponentially distributed numbers with mean 1: 1 - 1/2 + 1/3 - ..., for odd counts.
double median_bias(size_t count) {
  double bias = 1;
  for (size_t i = 2; i + 1 <= count; i += 2) bias += 1.0 / static_cast<double>(i + 1) - 1.0 / static_cast<double>(i);
  return bias;
}

// The periodic Hann window and the sum of its squares.
struct HannWindow {
  std::vector<double> values;
  double squares = 0;

  explicit HannWindow(size_t size) : values(size) {
    for (size_t i = 0; i < size; ++i) {
      values[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
      squares += values[i] * values[i];
    }
  }
};

// The first samples of all segments of `size` samples, `hop` apart.
std::vector<const double*> segments_of(const std::vector<std::span<const double>>& stretches, size_t size, size_t hop) {
  std::vector<const double*> segments;
  for (const auto& stretch : stretches) {
    for (size_t first = 0; first + size <= stretch.size(); first += hop) segments.push_back(stretch.data() + first);
  }
  return segments;
}

}  // namespace

Spectrum median_welch(std::span<const double> strain, double rate_hz, double segment_s, double overlap) {
  return median_welch(std::vector{strain}, rate_hz, segment_s, overlap);
}

Spectrum median_welch(const std::vector<std::span<const double>>& stretches, double rate_hz, double segment_s, double overlap) {
  size_t longest = 0;
  for (const auto& stretch : stretches) longest = std::max(longest, stretch.size());
  const double samples = std::round(segment_s * rate_hz);
  if (!(rate_hz > 0 && samples >= 2 && samples <= static_cast<double>(longest) && overlap >= 0 && overlap < 1)) {
    throw Error(ExitCode::usage,
                fmt::format("noise spectrum: {} samples at {:g} Hz have no segments of {:g} s with overlap {:g}", longest,
                            rate_hz, segment_s, overlap),
                "use segments shorter than the strain, and an overlap from 0 to below 1");
  }
  const auto size = static_cast<size_t>(samples);
  const auto hop = std::max<size_t>(size - static_cast<size_t>(overlap * samples), 1);
  const HannWindow window(size);
  const std::vector<const double*> segments = segments_of(stretches, size, hop);
  std::vector<std::vector<double>> power(size / 2 + 1, std::vector<double>(segments.size()));
  std::vector<std::complex<double>> segment(size);
  for (size_t s = 0; s < segments.size(); ++s) {
    for (size_t i = 0; i < size; ++i) segment[i] = segments[s][i] * window.values[i];
    const std::vector<std::complex<double>> transformed = fft(segment);
    for (size_t k = 0; k < power.size(); ++k) power[k][s] = std::norm(transformed[k]);
  }
  Spectrum result{rate_hz / samples, std::vector<double>(power.size())};
  for (size_t k = 0; k < power.size(); ++k) {
    const double sides = k == 0 || 2 * k == size ? 1 : 2;  // negative frequencies are added to the positive ones
    result.density[k] = sides * median(power[k]) / (median_bias(segments.size()) * rate_hz * window.squares);
  }
  return result;
}

}  // namespace hpcai::simulate
