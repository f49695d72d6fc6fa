#include "hpcai/simulate/waveform_metric.h"

#include <cmath>
#include <complex>
#include <vector>

namespace hpcai::simulate {

namespace {

using Values = std::vector<std::complex<double>>;

constexpr double kMassRatioStep = 1e-3;  // relative to q
constexpr double kSpinStep = 2e-3;
constexpr double kTimeStep = 0.05;  // M

std::complex<double> product(const Values& a, const Values& b) {
  std::complex<double> sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::conj(a[i]) * b[i];
  return sum;
}

// The difference quotient without its part along `unit`, whose square is 1. That part is a change of phase and of scale.
Values slope(Values high, const Values& low, double width, const Values& unit) {
  for (size_t i = 0; i < high.size(); ++i) high[i] = (high[i] - low[i]) / width;
  const std::complex<double> along = product(unit, high);
  for (size_t i = 0; i < high.size(); ++i) high[i] -= along * unit[i];
  return high;
}

Binary moved(Binary binary, size_t parameter, double step) {
  (parameter == 0 ? binary.mass_ratio : parameter == 1 ? binary.spin1 : binary.spin2) += step;
  return nearest_valid(binary);
}

double value(const Binary& binary, size_t parameter) {
  return parameter == 0 ? binary.mass_ratio : parameter == 1 ? binary.spin1 : binary.spin2;
}

}  // namespace

Matrix3 waveform_metric(const Binary& binary, const TimeGrid& grid) {
  const ContinuousWaveform wave(binary, grid);
  Values unit = wave.values();
  const double norm = std::sqrt(product(unit, unit).real());
  for (auto& v : unit) v /= norm;
  std::array<Values, 3> slopes;
  for (size_t i = 0; i < 3; ++i) {
    const double step = i == 0 ? kMassRatioStep * binary.mass_ratio : kSpinStep;
    const Binary low = moved(binary, i, -step), high = moved(binary, i, step);
    slopes[i] = slope(h22(high, grid), h22(low, grid), (value(high, i) - value(low, i)) * norm, unit);
  }
  const Values in_time = slope(wave.values(kTimeStep), wave.values(-kTimeStep), 2 * kTimeStep * norm, unit);
  const double time_square = product(in_time, in_time).real();
  std::array<double, 3> along_time{};
  for (size_t i = 0; i < 3; ++i) along_time[i] = product(in_time, slopes[i]).real();

  const Matrix3 jacobian = derivatives_at(coordinates(binary));
  Matrix3 metric{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const double g = (product(slopes[i], slopes[j]).real() - along_time[i] * along_time[j] / time_square) / 2;
      for (size_t a = 0; a < 3; ++a) {
        for (size_t b = 0; b < 3; ++b) metric[a][b] += jacobian[i][a] * g * jacobian[j][b];
      }
    }
  }
  return metric;
}

}  // namespace hpcai::simulate
