#include "check.h"

#include "hpcai/metrics/divergence.h"

#include <cmath>
#include <stdexcept>
#include <vector>

using namespace hpcai::metrics;

namespace {

std::vector<double> sequence(int count, double ratio) {
  std::vector<double> values;
  for (int i = 1; i <= count; ++i) values.push_back(std::fmod(i * ratio, 1.0));
  return values;
}

}  // namespace

TEST_CASE("divergences are those of scipy's gaussian_kde and jensenshannon, squared, in bits") {
  std::vector<double> a = sequence(400, 0.6180339887498949), b = sequence(300, 0.7548776662466927), weights = b;
  for (double& value : a) value *= value;
  for (double& weight : weights) weight += 0.5;
  for (double& value : b) value = value * 1.1 - 0.05;
  CHECK(jensen_shannon_bits({a}, {b}) == Approx(0.04351501286202936).epsilon(1e-9));
  CHECK(jensen_shannon_bits({b}, {a}) == Approx(0.04351501286202936).epsilon(1e-9));
  CHECK(jensen_shannon_bits({a}, {b, weights}) == Approx(0.09831483450337793).epsilon(1e-9));
  CHECK(jensen_shannon_bits({a}, {b, weights}, 50) == Approx(0.09933518749230981).epsilon(1e-9));
  CHECK(jensen_shannon_bits({a}, {a}) == Approx(0).margin(1e-15));
}

TEST_CASE("sets that do not overlap differ by one bit") {
  std::vector<double> a = sequence(400, 0.6180339887498949), b = a;
  for (double& value : b) value += 100;
  CHECK(jensen_shannon_bits({a}, {b}, 1000) == Approx(1).epsilon(1e-6));
}

TEST_CASE("a set that is far narrower than the grid, and one far value, have a divergence") {
  std::vector<double> narrow = sequence(400, 0.6180339887498949), far = narrow;
  far.push_back(1e7);
  for (double& value : narrow) value *= 1e-3;
  const double bits = jensen_shannon_bits({narrow}, {far});
  CHECK(bits >= 0);
  CHECK(bits <= 1);
}

TEST_CASE("sets without spread or values are refused") {
  const std::vector<double> a = {1, 2, 3}, same = {5, 5}, none;
  CHECK_THROWS_AS(jensen_shannon_bits({a}, {same}), std::invalid_argument);
  CHECK_THROWS_AS(jensen_shannon_bits({a}, {none}), std::invalid_argument);
  CHECK_THROWS_AS(jensen_shannon_bits({a, same}, {a}), std::invalid_argument);
}
