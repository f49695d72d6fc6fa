#include "hpcai/metrics/binomial.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "classification_fixture.h"

using namespace hpcai::metrics;

TEST_CASE("intervals of Clopper and Pearson are scipy's") {
  for (const auto& row : classification_fixture().at("binomial")) {
    const Interval interval = clopper_pearson(row[0].get<int64_t>(), row[1].get<int64_t>());
    INFO(row[0] << " of " << row[1]);
    CHECK(interval.low == Approx(row[2].get<double>()).epsilon(1e-8).margin(1e-300));
    CHECK(interval.high == Approx(row[3].get<double>()).epsilon(1e-8));
  }
}

TEST_CASE("the interval of one success in a million is exact, where scipy 1.17 is off by 1e-7") {
  CHECK(clopper_pearson(1, 1000000).low == Approx(-std::expm1(std::log1p(-0.025) / 1e6)).epsilon(1e-11));
  CHECK(clopper_pearson(0, 1000000).high == Approx(-std::expm1(std::log(0.025) / 1e6)).epsilon(1e-11));
}

TEST_CASE("quantiles of beta distributions are scipy's") {
  for (const auto& row : classification_fixture().at("beta")) {
    CHECK(beta_quantile(row[0].get<double>(), row[1].get<double>(), row[2].get<double>()) ==
          Approx(row[3].get<double>()).epsilon(1e-9));
  }
}

TEST_CASE("an interval without trials is everything, and impossible counts are refused") {
  CHECK(clopper_pearson(0, 0).low == 0);
  CHECK(clopper_pearson(0, 0).high == 1);
  CHECK_THROWS_AS(clopper_pearson(3, 2), std::invalid_argument);
  CHECK_THROWS_AS(clopper_pearson(-1, 2), std::invalid_argument);
}
