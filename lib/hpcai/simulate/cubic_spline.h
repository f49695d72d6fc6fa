#pragma once

#include <complex>
#include <span>
#include <vector>

namespace hpcai::simulate {

// The natural cubic spline through points with rising abscissae: twice continuously differentiable, second derivative 0 at both
// ends.
class CubicSpline {
 public:
  // `x` and `y` have the same size, at least two. Throws std::invalid_argument unless x rises.
  CubicSpline(std::vector<double> x, std::vector<std::complex<double>> y);

  // The value at a position within the points, both ends included. Throws std::out_of_range outside.
  std::complex<double> operator()(double position) const;

 private:
  std::vector<double> x_;
  std::vector<std::complex<double>> y_;
  std::vector<std::complex<double>> bend_;  // second derivatives at the points
};

}  // namespace hpcai::simulate
