#include "hpcai/data/row_splits.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("a position is the first 52 bits of a SHA-256") {
  // printf '1/a' | sha256sum
  CHECK(split_position("a", 1) == static_cast<double>(0xbf1d987701909) * 0x1p-52);
}

TEST_CASE("fractions of the rows are set aside, and equal keys stay together") {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back("object " + std::to_string(i / 3));
  std::vector<Split> splits(keys.size(), Split::train);
  FractionConfig config;
  config.validation_fraction = 0.2;
  config.test_fraction = 0.1;
  set_rows_aside(splits, keys, config);
  CHECK(std::count(splits.begin(), splits.end(), Split::validation) == Approx(600).margin(90));
  CHECK(std::count(splits.begin(), splits.end(), Split::test) == Approx(300).margin(75));
  for (size_t i = 0; i < splits.size(); ++i) REQUIRE(splits[i] == splits[i / 3 * 3]);
}

TEST_CASE("a split that is marked gets no more rows") {
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back(std::to_string(i));
  std::vector<Split> splits(keys.size(), Split::train);
  splits[7] = Split::validation;
  FractionConfig config;
  config.test_fraction = 0.3;
  set_rows_aside(splits, keys, config);
  CHECK(std::count(splits.begin(), splits.end(), Split::validation) == 1);
  CHECK(std::count(splits.begin(), splits.end(), Split::test) > 20);
}

TEST_CASE("fractions leave something for training") {
  std::vector<Split> splits(3, Split::train);
  FractionConfig config;
  config.validation_fraction = 0.6;
  config.test_fraction = 0.4;
  CHECK(test::thrown_by([&] { set_rows_aside(splits, {"a", "b", "c"}, config); }).code == ExitCode::usage);
}

TEST_CASE("a group in two splits is refused with both rows") {
  GroupSplits groups;
  groups.add("star 7", Split::train, "t.csv:2");
  groups.add("star 7", Split::train, "t.csv:3");
  const auto thrown = test::thrown_by([&] { groups.add("star 7", Split::test, "t.csv:9"); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what == "t.csv:9: group 'star 7' is in the test split, but in the train split in t.csv:2");
}
