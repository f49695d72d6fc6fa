// Compiled with -fopenmp: the constructs below call the functions of openmp_abi.cpp, as LibTorch's operators do.
#include "hpcai/core/threads/openmp.h"

#include <dlfcn.h>
#include <omp.h>

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "compute_threads.h"

using namespace hpcai;

TEST_CASE("this program's functions stand before libgomp's") {
  Dl_info found{};
  REQUIRE(dladdr(dlsym(RTLD_DEFAULT, "GOMP_parallel"), &found) != 0);
  CHECK(std::string(found.dli_fname).find("libgomp") == std::string::npos);
  CHECK(team_serves_openmp());
}

TEST_CASE("each number of a parallel region is there once") {
  const ComputeThreads set(4);
  CHECK(omp_get_max_threads() == 4);
  CHECK(omp_get_num_threads() == 1);
  CHECK_FALSE(omp_in_parallel());
  for (int round = 0; round < 2000; ++round) {
    std::vector<int> numbers(4, 0);
    int size = 0;
#pragma omp parallel
    {
#pragma omp atomic
      ++numbers[omp_get_thread_num()];
#pragma omp critical
      size = omp_get_num_threads();
    }
    REQUIRE(numbers == std::vector<int>(4, 1));
    REQUIRE(size == 4);
  }
}

TEST_CASE("num_threads asks for more threads or fewer, if(false) for one") {
  const ComputeThreads set(2);
  for (const int wanted : {1, 2, 5}) {
    int threads = 0;
#pragma omp parallel num_threads(wanted)
#pragma omp single
    threads = omp_get_num_threads();
    CHECK(threads == wanted);
  }
  bool alone = false;
#pragma omp parallel if (false)
  alone = !omp_in_parallel() && omp_get_num_threads() == 1;
  CHECK(alone);
}

TEST_CASE("threads wait for each other at barriers") {
  const ComputeThreads set(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> first(4, 0), second(4, 0);
#pragma omp parallel
    {
      const int me = omp_get_thread_num();
      first[me] = 1;
#pragma omp barrier
      for (const int one : first) second[me] += one;
#pragma omp barrier
      first[me] = second[(me + 1) % 4];
    }
    REQUIRE(first == std::vector<int>(4, 4));
  }
}

TEST_CASE("loops, sections and single blocks are shared") {
  const ComputeThreads set(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> up(101, 0), down(50, 0), sections(4, 0);
    int singles = 0;
    int64_t sum = 0;
#pragma omp parallel
    {
#pragma omp for schedule(monotonic : dynamic, 7)
      for (int i = 0; i < 101; ++i) ++up[i];
#pragma omp for schedule(monotonic : dynamic, 3) nowait
      for (int i = 49; i >= 0; --i) ++down[i];
#pragma omp sections
      {
#pragma omp section
        ++sections[0];
#pragma omp section
        ++sections[1];
#pragma omp section
        ++sections[2];
#pragma omp section
        ++sections[3];
      }
#pragma omp single
      ++singles;
#pragma omp single
      ++singles;
#pragma omp for reduction(+ : sum)
      for (int i = 0; i < 1000; ++i) sum += i;
    }
    REQUIRE(up == std::vector<int>(101, 1));
    REQUIRE(down == std::vector<int>(50, 1));
    REQUIRE(sections == std::vector<int>(4, 1));
    REQUIRE(singles == 2);
    REQUIRE(sum == 499500);
  }
}

TEST_CASE("ordered parts of a loop run in order") {
  const ComputeThreads set(4);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> order;
#pragma omp parallel for ordered schedule(monotonic : dynamic, 2)
    for (int i = 0; i < 40; ++i) {
#pragma omp ordered
      order.push_back(i);
    }
    std::vector<int> expected(40);
    for (int i = 0; i < 40; ++i) expected[i] = i;
    REQUIRE(order == expected);
  }
}

TEST_CASE("a region inside of a region has one thread, and the outer one goes on") {
  const ComputeThreads set(3);
  std::vector<int> inner(3, 0), after(3, -1);
#pragma omp parallel
  {
    const int outer = omp_get_thread_num();
#pragma omp parallel num_threads(2)
    {
#pragma omp atomic
      inner[outer] += omp_get_num_threads();
    }
    after[omp_get_thread_num()] = omp_get_num_threads();
  }
  CHECK(inner == std::vector<int>(3, 1));
  CHECK(after == std::vector<int>(3, 3));
}
