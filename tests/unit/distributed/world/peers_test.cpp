#include "hpcai/distributed/world/peers.h"

#include <catch2/catch.hpp>

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

TEST_CASE("ranks are listed in words") {
  CHECK(describe_ranks({3}) == "rank 3");
  CHECK(describe_ranks({3, 5}) == "ranks 3, 5");
  std::vector<int> many(40);
  for (int i = 0; i < 40; ++i) many[i] = i;
  CHECK_THAT(describe_ranks(many), Contains("15 and 24 more"));
}
