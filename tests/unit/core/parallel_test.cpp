#include "hpcai/core/parallel.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

using namespace hpcai;

TEST_CASE("parallel_for visits every index once, whatever the number of threads") {
  for (int threads : {0, 1, 3, 16}) {
    std::vector<std::atomic<int>> visits(1000);
    parallel_for(1000, threads, [&](int64_t i) { ++visits[i]; });
    for (auto& count : visits) REQUIRE(count == 1);
  }
  parallel_for(0, 4, [](int64_t) { FAIL("nothing to visit"); });
}

TEST_CASE("the first exception inside parallel_for reaches the caller") {
  CHECK_THROWS_AS(parallel_for(
                      100, 3,
                      [](int64_t i) {
    if (i == 42) throw std::runtime_error("42");
                      }),
                  std::runtime_error);
}
