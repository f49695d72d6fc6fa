#include "hpcai/core/threads/team.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "hpcai/core/threads/openmp.h"

using namespace hpcai;

namespace {

struct Meeting {
  int count;
  std::atomic<int> here{0};
  std::vector<std::atomic<int>> visits;
  explicit Meeting(int parts) : count(parts), visits(parts) {}
};

// Waits in the middle until all parts have begun, as a barrier inside a kernel does.
void meet(void* data, int number) {
  Meeting& meeting = *static_cast<Meeting*>(data);
  ++meeting.visits[number];
  ++meeting.here;
  while (meeting.here < meeting.count) std::this_thread::yield();
}

void meet_often(int runs) {
  for (int run = 0; run < runs; ++run) {
    for (const int count : {2, 4}) {
      Meeting meeting(count);
      team::run(count, meet, &meeting);
      for (const auto& visits : meeting.visits) REQUIRE(visits == 1);
    }
  }
}

}  // namespace

TEST_CASE("parts that wait for one another meet") {
  set_compute_threads(4);
  meet_often(2000);
}

TEST_CASE("parts that wait for one another meet also where other programs hold the cores") {
  set_compute_threads(4);
  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i) {
    busy.emplace_back([&] {
      while (!stop) team::relax();
    });
  }
  meet_often(50);
  stop = true;
  for (std::thread& thread : busy) thread.join();
}

TEST_CASE("workers that were asleep for long come again") {
  set_compute_threads(3);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    meet_often(1);
  }
}

TEST_CASE("a part knows that it is inside of a run") {
  set_compute_threads(2);
  CHECK_FALSE(team::inside());
  std::vector<int> inside(2, 0);
  team::run(
      2, [](void* data, int number) { (*static_cast<std::vector<int>*>(data))[number] = team::inside(); }, &inside);
  CHECK(inside == std::vector<int>(2, 1));
  CHECK_FALSE(team::inside());
}
