#include "check.h"

#include "hpcai/runs/report/thin.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

using namespace hpcai::runs::report;

TEST_CASE("A short curve keeps all its finite points") {
  const std::vector<double> values = {3, std::numeric_limits<double>::quiet_NaN(), 1, std::numeric_limits<double>::infinity(), 2};
  CHECK(thin(values, 10) == std::vector<size_t>{0, 2, 4});
  CHECK(thin(std::vector<double>{}, 10).empty());
  CHECK(thin(std::vector<double>{1, 2, 3, 4}, 1) == std::vector<size_t>{0, 1, 2, 3});
}

TEST_CASE("A long curve keeps its ends and each spike") {
  std::vector<double> values(100'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i) / 5000);
  values[31'234] = 50;
  values[77'777] = -50;
  const auto kept = thin(values, 200);
  CHECK(kept.size() <= 402);
  CHECK(kept.front() == 0);
  CHECK(kept.back() == values.size() - 1);
  CHECK(std::is_sorted(kept.begin(), kept.end()));
  CHECK(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
  CHECK(std::binary_search(kept.begin(), kept.end(), size_t{31'234}));
  CHECK(std::binary_search(kept.begin(), kept.end(), size_t{77'777}));
}

TEST_CASE("A curve of equal values is thinned, too") {
  const std::vector<double> values(1000, 1.0);
  const auto kept = thin(values, 10);
  CHECK(kept.size() <= 22);
  CHECK(kept.size() >= 11);
}
