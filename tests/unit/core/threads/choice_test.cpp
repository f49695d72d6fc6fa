#include "hpcai/core/threads/choice.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "hpcai/core/threads/team.h"

using namespace hpcai;
using Catch::Matchers::Contains;

namespace {

const CoreLimits kWhole{.machine = 8, .mask = 8};
const CoreLimits kMasked{.machine = 8, .mask = 3};
const CoreLimits kGranted{.machine = 8, .mask = 8, .quota = CpuQuota{2.5, "/sys/fs/cgroup/cpu.max"}};

}  // namespace

TEST_CASE("the setting comes before OMP_NUM_THREADS, and that before the cores") {
  CHECK(choose_threads({.setting = 5, .from_openmp = 3}, kMasked).threads == 5);
  CHECK(choose_threads({.setting = 5}, kMasked).why == "training.threads");
  CHECK(choose_threads({.from_openmp = 9}, kGranted).threads == 9);
  CHECK(choose_threads({.from_openmp = 9}, kGranted).why == "OMP_NUM_THREADS");
  CHECK(choose_threads({}, kWhole).threads == 8);
  CHECK_THAT(choose_threads({}, kWhole).why, Contains("the machine has 8 cores"));
  CHECK(choose_threads({}, kMasked).threads == 3);
  CHECK_THAT(choose_threads({}, kMasked).why, Contains("affinity mask allows 3 of 8"));
  CHECK(choose_threads({}, kGranted).threads == 3);
  CHECK_THAT(choose_threads({}, kGranted).why, Contains("grants 2.5 cores (/sys/fs/cgroup/cpu.max)"));
}

TEST_CASE("ranks of one host share the mask and the quota") {
  CHECK(choose_threads({.ranks_on_mask = 2, .ranks_on_host = 2}, kWhole).threads == 4);
  CHECK_THAT(choose_threads({.ranks_on_mask = 2, .ranks_on_host = 2}, kWhole).why, Contains("which 2 ranks share"));
  CHECK(choose_threads({.ranks_on_mask = 64, .ranks_on_host = 64}, kWhole).threads == 1);
  CHECK(choose_threads({.ranks_on_mask = 2, .ranks_on_host = 2}, kGranted).threads == 2);
  // A launcher has bound this rank to three cores: nobody shares them.
  CHECK(choose_threads({.ranks_on_mask = 1, .ranks_on_host = 2}, kMasked).threads == 3);
}

TEST_CASE("OMP_NUM_THREADS is read as OpenMP does") {
  const auto read = [](const char* value) {
    setenv("OMP_NUM_THREADS", value, 1);
    const auto threads = openmp_threads();
    unsetenv("OMP_NUM_THREADS");
    return threads;
  };
  CHECK(read("4") == 4);
  CHECK(read(" 4 ") == 4);
  CHECK(read("4,2,1") == 4);
  CHECK(read("1000000") == team::kMostThreads);
  for (const char* wrong : {"", "0", "-2", "four", "4x", "99999999999999"}) {
    INFO(wrong);
    CHECK_FALSE(read(wrong));
  }
  CHECK_FALSE(openmp_threads());
}
