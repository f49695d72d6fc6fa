#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "hpcai/simulate/band_limited.h"

using namespace hpcai::simulate;
using std::numbers::pi;

namespace {

std::complex<double> wave(double f, double x) { return std::polar(1.0, -2 * pi * f * x); }

std::vector<std::complex<double>> samples(double f) {
  std::vector<std::complex<double>> series(200);
  for (size_t i = 0; i < series.size(); ++i) series[i] = wave(f, static_cast<double>(i));
  return series;
}

}  // namespace

TEST_CASE("a band-limited series is interpolated to 5e-7, whatever the step") {
  for (const double f : {-0.18, 0.0, 0.004, 0.09, 0.12, 0.18}) {
    const auto series = samples(f);
    for (const double step : {0.1, 0.01, 1.0, 2.0, 0.7, 0.3}) {
      CAPTURE(f, step);
      const auto values = interpolate(series, 20.37, step, 70);
      double largest = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        largest = std::max(largest, std::abs(values[i] - wave(f, 20.37 + static_cast<double>(i) * step)));
      }
      CHECK(largest < 5e-7);
    }
  }
}

TEST_CASE("a peak between samples is found to a ten-thousandth of a sample") {
  for (const double centre : {100.0, 100.25, 99.51, 100.499}) {
    std::vector<std::complex<double>> series(200);
    for (size_t i = 0; i < series.size(); ++i) {
      const double x = static_cast<double>(i) - centre;
      series[i] = wave(0.1, x) / std::cosh(x / 12);
    }
    CHECK(refine_peak(series, 100) == Approx(centre).margin(1e-4));
  }
}
