#include "hpcai/metrics/subsets.h"

#include <catch2/catch.hpp>

#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::metrics;

namespace {

std::vector<std::string> values_in(const std::vector<Subset>& subsets) {
  std::vector<std::string> values;
  for (const Subset& subset : subsets) values.push_back(subset.value);
  return values;
}

}  // namespace

TEST_CASE("texts are subsets in the order of the alphabet, missing values come last") {
  const auto subsets = subsets_of({"spiral", "", "edge_on", "spiral"}, "kind");
  CHECK(values_in(subsets) == std::vector<std::string>{"edge_on", "spiral", "(missing)"});
  CHECK(subsets[1].rows == std::vector<int64_t>{0, 3});
  CHECK(subsets[2].rows == std::vector<int64_t>{1});
}

TEST_CASE("a few numbers are subsets in their own order") {
  const auto subsets = subsets_of({"10", "9", "10.0", "-1"}, "votes");
  CHECK(values_in(subsets) == std::vector<std::string>{"-1", "9", "10"});
  CHECK(subsets[2].rows == std::vector<int64_t>{0, 2});
}

TEST_CASE("many numbers are cut at their quartiles") {
  std::vector<std::string> values;
  for (int i = 12; i >= 1; --i) values.push_back(std::to_string(i));
  values.insert(values.begin(), "");
  // numpy.quantile(range(1, 13), [0.25, 0.5, 0.75]) = 3.75, 6.5, 9.25
  const auto subsets = subsets_of(values, "petro_radius");
  CHECK(values_in(subsets) == std::vector<std::string>{"1 to 3", "4 to 6", "7 to 9", "10 to 12", "(missing)"});
  CHECK(subsets[0].rows == std::vector<int64_t>{10, 11, 12});
}

TEST_CASE("a quartile without samples is left out") {
  std::vector<std::string> values(40, "5");
  for (int i = 6; i < 15; ++i) values.push_back(std::to_string(i));
  CHECK(values_in(subsets_of(values, "x")) == std::vector<std::string>{"5 to 5", "6 to 14"});
}

TEST_CASE("a column of names is refused") {
  std::vector<std::string> values;
  for (int i = 0; i < 51; ++i) values.push_back("g" + std::to_string(i));
  CHECK_THROWS_AS(subsets_of(values, "name"), Error);
  values.pop_back();
  CHECK(subsets_of(values, "name").size() == 50);
}
