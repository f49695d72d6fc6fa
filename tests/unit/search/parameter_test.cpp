#include "hpcai/search/parameter.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "sample_space.h"

using namespace hpcai::search;

namespace {

Parameter parameter_of(const std::string& line) {
  return test::parse_space("parameters:\n  - " + line + "\n").parameters.front();
}

}  // namespace

TEST_CASE("a part of the range becomes a value on the parameter's scale") {
  const auto uniform = parameter_of("{key: a, type: uniform, low: -1, high: 3}");
  CHECK(value_at(uniform, 0.25) == 0.0);
  const auto logarithmic = parameter_of("{key: a, type: log_uniform, low: 1e-4, high: 1}");
  CHECK(value_at(logarithmic, 0.5).get<double>() == Approx(0.01));
  CHECK(value_at(logarithmic, 0).get<double>() == 1e-4);
  const auto choice = parameter_of("{key: a, type: choice, values: [adam, sgd, 0.5]}");
  CHECK(value_at(choice, 0.99) == "0.5");
  CHECK(setting_of("a", value_at(choice, 0.99)) == "a=0.5");
  CHECK(setting_of("lr", value_at(logarithmic, 0.5)) == "lr=0.01");
}

TEST_CASE("each whole number has its share of the range") {
  const auto integer = parameter_of("{key: a, type: integer, low: 2, high: 5}");
  int counts[6] = {};
  for (int i = 0; i < 1000; ++i) ++counts[value_at(integer, i / 1000.0).get<int>()];
  for (int value = 2; value <= 5; ++value) CHECK(counts[value] == 250);
  const auto power = parameter_of("{key: a, type: power_of_two, low: 4, high: 32}");
  std::multiset<int64_t> seen;
  for (int i = 0; i < 8; ++i) seen.insert(value_at(power, i / 8.0).get<int64_t>());
  CHECK(seen == std::multiset<int64_t>{4, 4, 8, 8, 16, 16, 32, 32});
  // the share of k is log((k + 1) / k) / log(9)
  const auto logarithmic = parameter_of("{key: a, type: log_integer, low: 1, high: 8}");
  int ones = 0;
  for (int i = 0; i < 10000; ++i) ones += value_at(logarithmic, i / 10000.0) == 1;
  CHECK(ones == Approx(10000 * std::log(2.0) / std::log(9.0)).margin(1.01));
}

TEST_CASE("a grid has both ends and no value twice") {
  const auto logarithmic = parameter_of("{key: a, type: log_uniform, low: 0.001, high: 1, points: 4}");
  for (int i = 0; i < 4; ++i) CHECK(grid_value(logarithmic, i).get<double>() == Approx(std::pow(10, i - 3)));
  const auto integer = parameter_of("{key: a, type: integer, low: 1, high: 3, points: 10}");
  REQUIRE(grid_points(integer) == 3);
  for (int i = 0; i < 3; ++i) CHECK(grid_value(integer, i) == i + 1);
  CHECK(grid_points(parameter_of("{key: a, type: power_of_two, low: 8, high: 64}")) == 4);
}

TEST_CASE("values from outside are checked") {
  const auto power = parameter_of("{key: a, type: power_of_two, low: 8, high: 64}");
  CHECK(allows(power, 16));
  for (const Values& value : {Values(12), Values(4), Values(128), Values(16.0), Values("16"), Values(nullptr)})
    CHECK_FALSE(allows(power, value));
  const auto number = parameter_of("{key: a, type: uniform, low: 0, high: 1}");
  CHECK(allows(number, 1));
  CHECK_FALSE(allows(number, 1.01));
  CHECK_FALSE(allows(number, NAN));
  CHECK(describe_range(number) == "a number from 0.0 to 1.0");
  const auto choice = parameter_of("{key: a, type: choice, values: [x, y]}");
  CHECK(allows(choice, "y"));
  CHECK_FALSE(allows(choice, "z"));
}
