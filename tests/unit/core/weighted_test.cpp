#include "hpcai/core/weighted.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

using namespace hpcai;

namespace {

struct Samples {
  std::vector<double> values, weights;
};

// Values of a low-discrepancy sequence and weights between 0.5 and 1.5.
Samples samples() {
  Samples samples;
  for (int i = 1; i <= 300; ++i) {
    const double v = std::fmod(i * 0.7548776662466927, 1.0);
    samples.values.push_back(v * 1.1 - 0.05);
    samples.weights.push_back(0.5 + v);
  }
  return samples;
}

void check(const std::vector<double>& values, const std::vector<double>& expected) {
  REQUIRE(values.size() == expected.size());
  for (size_t i = 0; i < values.size(); ++i) CHECK(values[i] == Approx(expected[i]).epsilon(1e-12));
}

const std::vector<double> kParts = {0, 0.05, 0.5, 0.95, 1};

}  // namespace

TEST_CASE("weighted quantiles interpolate the cumulative weight") {
  const auto [values, weights] = samples();
  check(weighted_quantiles(values, weights, kParts),
        {-0.046083752059959696, 0.05139005617162592, 0.6268231991103552, 1.0068487146769738, 1.0472741528789271});
  check(weighted_quantiles(std::vector<double>{3, 1, 2}, std::vector<double>{0, 2, 2}, std::vector<double>{0.25, 0.5, 1}),
        {1, 1.5, 3});
}

TEST_CASE("quantiles of equal weights are numpy's of the method hazen") {
  const auto [values, weights] = samples();
  const std::vector<double> expected = {-0.046083752059959696, 0.005612452683636703, 0.5019581239700124, 0.9908939770442181,
                                        1.0472741528789271};
  check(weighted_quantiles(values, {}, kParts), expected);
  check(weighted_quantiles(values, std::vector<double>(values.size(), 7), kParts), expected);
  check(weighted_quantiles(std::vector<double>{5}, {}, kParts), {5, 5, 5, 5, 5});
}

TEST_CASE("if one sample has all the weight, it is the median") {
  for (size_t only = 0; only < 3; ++only) {
    std::vector<double> weights(3, 0);
    weights[only] = 2;
    const std::vector<double> values = {4, 8, 6};
    CHECK(weighted_quantiles(values, weights, std::vector<double>{0.5})[0] == values[only]);
  }
}

TEST_CASE("lists that do not agree are refused") {
  CHECK_THROWS_AS(weighted_quantiles({}, {}, kParts), std::invalid_argument);
  CHECK_THROWS_AS(weighted_quantiles(std::vector<double>{1, 2}, std::vector<double>{1}, kParts), std::invalid_argument);
}

TEST_CASE("the effective number of samples is that of equal weights, and falls with unequal ones") {
  CHECK(effective_sample_size(std::vector<double>(50, 3)) == Approx(50));
  CHECK(effective_sample_size(std::vector<double>{1, 0, 0}) == 1);
  CHECK(effective_sample_size(samples().weights) == Approx(277.0393424143754));
}
