#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hpcai::simulate {

// The frequencies k * step_hz, first <= k < last. A series of numbers "in a band" has one number for each of them.
struct FrequencyBand {
  double step_hz = 0;
  int64_t first = 0, last = 0;

  int64_t size() const { return last - first; }
  double frequency_hz(int64_t index) const { return static_cast<double>(first + index) * step_hz; }
  bool operator==(const FrequencyBand&) const = default;
};

// The band from lowest_hz to highest_hz, both included, for data of 1 / step_hz seconds. Throws Error{usage} unless 0 < step_hz,
// step_hz <= lowest_hz <= highest_hz, and the band has at most 2^24 frequencies.
FrequencyBand frequency_band(double lowest_hz, double highest_hz, double step_hz);

// Complex numbers in a band that belong to somebody else. Real and imaginary parts are apart, because loops over such arrays are
// compiled to vector instructions.
struct ComplexSpan {
  std::span<double> re, im;
};
struct ConstComplexSpan {
  std::span<const double> re, im;

  ConstComplexSpan(std::span<const double> real, std::span<const double> imaginary) : re(real), im(imaginary) {}
  ConstComplexSpan(const ComplexSpan& other) : re(other.re), im(other.im) {}
};

// Complex numbers in a band, owned.
struct ComplexSeries {
  std::vector<double> re, im;

  explicit ComplexSeries(int64_t size = 0) : re(static_cast<size_t>(size)), im(static_cast<size_t>(size)) {}
  operator ComplexSpan() { return {re, im}; }
  operator ConstComplexSpan() const { return {re, im}; }
};

}  // namespace hpcai::simulate
