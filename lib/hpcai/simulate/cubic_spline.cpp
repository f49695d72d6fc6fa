#include "hpcai/simulate/cubic_spline.h"

#include <algorithm>
#include <stdexcept>

namespace hpcai::simulate {

// The second derivatives solve a tridiagonal system, here by elimination downwards and substitution upwards.
CubicSpline::CubicSpline(std::vector<double> x, std::vector<std::complex<double>> y)
    : x_(std::move(x)), y_(std::move(y)), bend_(x_.size()) {
  const size_t size = x_.size();
  if (size < 2 || y_.size() != size) throw std::invalid_argument("CubicSpline: two or more points are needed");
  if (std::adjacent_find(x_.begin(), x_.end(), [](double a, double b) { return !(a < b); }) != x_.end()) {
    throw std::invalid_argument("CubicSpline: the abscissae do not rise");
  }
  std::vector<double> upper(size, 0);  // the eliminated system has ones on its diagonal
  for (size_t i = 1; i + 1 < size; ++i) {
    const double before = x_[i] - x_[i - 1], after = x_[i + 1] - x_[i];
    const auto turn = (y_[i + 1] - y_[i]) / after - (y_[i] - y_[i - 1]) / before;
    const double pivot = 2 * (before + after) - before * upper[i - 1];
    upper[i] = after / pivot;
    bend_[i] = (6.0 * turn - before * bend_[i - 1]) / pivot;
  }
  for (size_t i = size - 1; i-- > 1;) bend_[i] -= upper[i] * bend_[i + 1];
}

std::complex<double> CubicSpline::operator()(double position) const {
  if (!(position >= x_.front() && position <= x_.back())) throw std::out_of_range("CubicSpline: outside its points");
  const auto above = std::upper_bound(x_.begin() + 1, x_.end() - 1, position) - x_.begin();
  const auto i = static_cast<size_t>(above) - 1;
  const double width = x_[i + 1] - x_[i], b = (position - x_[i]) / width, a = 1 - b;
  return a * y_[i] + b * y_[i + 1] + width * width / 6 * ((a * a * a - a) * bend_[i] + (b * b * b - b) * bend_[i + 1]);
}

}  // namespace hpcai::simulate
