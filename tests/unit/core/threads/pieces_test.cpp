#include "hpcai/core/threads/pieces.h"

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "compute_threads.h"

using namespace hpcai;

TEST_CASE("each piece is done once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 8}) {
    const ComputeThreads set(threads);
    for (const int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(count);
      for_pieces(count, [&](int64_t i) { ++visits[i]; });
      for (const auto& visit : visits) REQUIRE(visit == 1);
    }
  }
}

TEST_CASE("thousands of short runs end") {
  const ComputeThreads set(4);
  std::atomic<int64_t> sum{0};
  for (int run = 0; run < 20000; ++run) for_pieces(1 + run % 9, [&](int64_t i) { sum += i; });
  int64_t expected = 0;
  for (int run = 0; run < 20000; ++run) expected += (run % 9) * (1 + run % 9) / 2;
  CHECK(sum == expected);
}

TEST_CASE("runs with pauses in which the threads fall asleep end") {
  const ComputeThreads set(3);
  std::atomic<int64_t> visits{0};
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for_pieces(3, [&](int64_t) { ++visits; });
  }
  CHECK(visits == 60);
}

TEST_CASE("the pieces of a thread that does not come are done by the others") {
  Pieces pieces(100, 4);
  std::set<int64_t> done;
  for (int64_t i; (i = pieces.take(2)) >= 0;) CHECK(done.insert(i).second);
  CHECK(done.size() == 100);
  CHECK(pieces.take(0) == -1);
}

TEST_CASE("a part first takes its own range, in order") {
  Pieces pieces(8, 2);
  CHECK(pieces.take(1) == 4);
  CHECK(pieces.take(0) == 0);
  CHECK(pieces.take(1) == 5);
  CHECK(pieces.take(0) == 1);
}

TEST_CASE("the first exception of a piece reaches the caller, and the threads go on to serve") {
  const ComputeThreads set(4);
  const auto fail = [] {
    for_pieces(100, [](int64_t i) {
      if (i == 50) throw std::runtime_error("piece 50");
    });
  };
  for (int round = 0; round < 10; ++round) CHECK_THROWS_WITH(fail(), "piece 50");
  std::atomic<int> visits{0};
  for_pieces(100, [&](int64_t) { ++visits; });
  CHECK(visits == 100);
}

TEST_CASE("pieces inside of pieces are done by the thread that has them") {
  const ComputeThreads set(4);
  std::array<std::atomic<int>, 64> visits{};
  for_pieces(8, [&](int64_t i) { for_pieces(8, [&](int64_t k) { ++visits[8 * i + k]; }); });
  for (const auto& visit : visits) CHECK(visit == 1);
}

TEST_CASE("several threads may hand out pieces at the same time") {
  const ComputeThreads set(3);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int run = 0; run < 500; ++run) for_pieces(10, [&](int64_t) { ++sum; });
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(sum == 4 * 500 * 10);
}
