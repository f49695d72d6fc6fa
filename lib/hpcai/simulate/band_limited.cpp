#include "hpcai/simulate/band_limited.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace hpcai::simulate {

namespace {

constexpr int kHalf = 8;
constexpr int kTaps = 2 * kHalf;
constexpr int64_t kBlock = 64;  // sums that are computed together
// The window is exp(b (sqrt(1 - x^2) - 1)): side lobes near exp(-b), flat up to 0.5 - b / (2 pi kHalf) of the sampling
// rate.
constexpr double kSteepness = 16;

using Taps = std::array<double, kTaps>;

// Weights of the samples floor(position) - 7 ... floor(position) + 8; fraction = position - floor(position).
Taps taps(double fraction) {
  Taps weight{};
  for (int i = 0; i < kTaps; ++i) {
    const double x = i - (kHalf - 1) - fraction, edge = x / kHalf;
    const double sinc = std::abs(x) < 1e-9 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
    weight[i] = sinc * std::exp(kSteepness * (std::sqrt(std::max(0.0, 1 - edge * edge)) - 1));
  }
  return weight;
}

template <class Value>
const Value* first_sample(std::span<const Value> series, double position) {
  return series.data() + static_cast<int64_t>(std::floor(position)) - (kHalf - 1);
}

std::complex<double> weigh(const Taps& weight, const std::complex<double>* samples) {
  double re = 0, im = 0;
  for (int i = 0; i < kTaps; ++i) {
    re += weight[i] * samples[i].real();
    im += weight[i] * samples[i].imag();
  }
  return {re, im};
}

double weigh(const Taps& weight, const double* samples) {
  double sum = 0;
  for (int i = 0; i < kTaps; ++i) sum += weight[i] * samples[i];
  return sum;
}

template <class Value>
Value value_at(std::span<const Value> series, double position) {
  return weigh(taps(position - std::floor(position)), first_sample(series, position));
}

// Gives to `store` the weighted sums at samples, samples + stride, ..., `size` <= kBlock in number. The inner loop runs over the
// sums, which are independent of each other, so that the compiler makes vector instructions of it.
template <class Value, class Store>
void weigh_block(const Taps& weight, const Value* samples, int64_t stride, int64_t size, const Store& store) {
  std::array<Value, kBlock> sums{};
  for (int i = 0; i < kTaps; ++i) {
    if (stride == 1) {
      for (int64_t k = 0; k < size; ++k) sums[k] += weight[i] * samples[i + k];
    } else {
      for (int64_t k = 0; k < size; ++k) sums[k] += weight[i] * samples[i + k * stride];
    }
  }
  for (int64_t k = 0; k < size; ++k) store(k, sums[k]);
}

template <class Value>
std::vector<Value> values_at(std::span<const Value> series, double first, double step, int64_t count) {
  std::vector<Value> values(static_cast<size_t>(count));
  // Values `period` apart are a whole number of samples apart and have the same weights.
  const auto period = step < 1 ? static_cast<int64_t>(std::llround(1 / step)) : int64_t{1};
  const auto stride = static_cast<int64_t>(std::llround(step * static_cast<double>(period)));
  if (std::abs(step * static_cast<double>(period) - static_cast<double>(stride)) > 1e-9) {
    for (int64_t i = 0; i < count; ++i) values[i] = value_at(series, first + static_cast<double>(i) * step);
    return values;
  }
  for (int64_t phase = 0; phase < std::min(period, count); ++phase) {
    const double position = first + static_cast<double>(phase) * step;
    const Taps weight = taps(position - std::floor(position));
    const Value* samples = first_sample(series, position);
    for (int64_t i = phase; i < count; i += kBlock * period, samples += kBlock * stride) {
      const int64_t size = std::min(kBlock, (count - i + period - 1) / period);
      weigh_block(weight, samples, stride, size, [&](int64_t k, const Value& value) { values[i + k * period] = value; });
    }
  }
  return values;
}

// Twelve times the slope of the squared modulus, from two samples on either side. The maximum is found as the zero of this slope,
// which is a thousand times more precise than a comparison of values near the maximum.
double slope(Series series, double position) {
  const Taps weight = taps(position - std::floor(position));
  const std::complex<double>* samples = first_sample(series, position);
  const auto value = [&](int shift) { return std::norm(weigh(weight, samples + shift)); };
  return 8 * (value(1) - value(-1)) - (value(2) - value(-2));
}

}  // namespace

std::complex<double> interpolate(Series series, double position) { return value_at(series, position); }

std::vector<std::complex<double>> interpolate(Series series, double first, double step, int64_t count) {
  return values_at(series, first, step, count);
}

std::vector<double> interpolate(std::span<const double> series, double first, double step, int64_t count) {
  return values_at(series, first, step, count);
}

double refine_peak(Series series, int64_t index) {
  double low = static_cast<double>(index) - 1, high = static_cast<double>(index) + 1;
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (slope(series, middle) > 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace hpcai::simulate
