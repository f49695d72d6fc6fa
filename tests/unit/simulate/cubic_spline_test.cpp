#include "hpcai/simulate/cubic_spline.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

using namespace hpcai::simulate;

namespace {

std::vector<double> chebyshev(int count) {
  std::vector<double> x;
  for (int i = 0; i < count; ++i) x.push_back(-std::cos(M_PI * i / (count - 1)));
  return x;
}

double largest_error(int count) {
  const auto x = chebyshev(count);
  std::vector<std::complex<double>> y;
  for (const double at : x) y.push_back(std::polar(1.0, 5 * at));
  const CubicSpline spline(x, y);
  double largest = 0;
  for (double at = -0.8; at < 0.8; at += 0.01) largest = std::max(largest, std::abs(spline(at) - std::polar(1.0, 5 * at)));
  return largest;
}

}  // namespace

TEST_CASE("a spline goes through its points and is a line between two") {
  const CubicSpline line({1, 3}, {{2, 0}, {4, -2}});
  CHECK(std::abs(line(2) - std::complex<double>(3, -1)) < 1e-15);
  const CubicSpline spline({0, 1, 3, 4}, {1, 2, -1, 5});
  CHECK(std::abs(spline(0) - 1.0) < 1e-15);
  CHECK(std::abs(spline(1) - 2.0) < 1e-15);
  CHECK(std::abs(spline(3) + 1.0) < 1e-15);
  CHECK(std::abs(spline(4) - 5.0) < 1e-15);
}

TEST_CASE("the error of a spline falls with the fourth power of the spacing") {
  const double coarse = largest_error(101), fine = largest_error(201);
  CHECK(coarse < 1e-5);
  CHECK(coarse / fine == Approx(16).epsilon(0.2));
}

TEST_CASE("a spline refuses what it cannot use") {
  CHECK_THROWS_AS(CubicSpline({1}, {1}), std::invalid_argument);
  CHECK_THROWS_AS(CubicSpline({1, 2}, {1}), std::invalid_argument);
  CHECK_THROWS_AS(CubicSpline({1, 1}, {1, 2}), std::invalid_argument);
  CHECK_THROWS_AS(CubicSpline({1, std::nan("")}, {1, 2}), std::invalid_argument);
  const CubicSpline spline({0, 1}, {0, 1});
  CHECK_THROWS_AS(spline(-0.1), std::out_of_range);
  CHECK_THROWS_AS(spline(1.1), std::out_of_range);
  CHECK_THROWS_AS(spline(std::nan("")), std::out_of_range);
}
