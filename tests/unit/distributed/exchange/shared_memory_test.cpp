#include "hpcai/distributed/exchange/shared_memory.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;
constexpr size_t kBox = 4096;

// Threads play the ranks; each maps the memory for itself, as processes do.
std::vector<std::unique_ptr<SharedMemory>> share(int ranks) {
  std::vector<std::unique_ptr<SharedMemory>> members;
  members.push_back(SharedMemory::make(ranks, kBox));
  REQUIRE(members[0]);
  for (int rank = 1; rank < ranks; ++rank) {
    members.push_back(SharedMemory::join(members[0]->invitation(), rank, ranks, kBox));
    REQUIRE(members.back());
  }
  members[0]->close_invitation();
  return members;
}

// Round `round` of rank `rank`: as many bytes as the round says, all of one value.
struct Message {
  std::vector<std::byte> bytes;
  Message(int rank, int round) : bytes(static_cast<size_t>(round * 37 % 4000 + 1), static_cast<std::byte>(rank * 31 + round)) {}
};

// Lets the calling thread run on one core only, the same for all callers. Returns whether it does.
bool stay_on_one_core() {
  static const int core = sched_getcpu();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(core), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

TEST_CASE("ranks that share memory gather each other's messages in order, whoever is late") {
  const auto [ranks, own_core] = GENERATE(table<int, bool>({{1, false}, {2, true}, {2, false}, {5, false}, {5, true}}));
  const bool on_one_core = GENERATE(false, true);  // where the scheduler of a busy machine may put them
  const auto members = share(ranks);
  std::atomic<int> wrong{0}, unbound{0};
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank, own_core = own_core, ranks = ranks] {
      if (on_one_core && !stay_on_one_core()) ++unbound;
      std::mt19937 random(static_cast<unsigned>(rank));
      for (int round = 0; round < 2000; ++round) {
        if (random() % 400 == 0) std::this_thread::sleep_for(1ms);
        const Message mine(rank, round);
        const auto all = members[static_cast<size_t>(rank)]->gather(mine.bytes.data(), mine.bytes.size(), own_core);
        for (int other = 0; other < ranks; ++other) {
          const Message expected(other, round);
          if (std::memcmp(all[static_cast<size_t>(other)], expected.bytes.data(), expected.bytes.size()) != 0) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(unbound == 0);
}

TEST_CASE("ranks that share memory gather and meet by turns, whether they keep their cores or not") {
  constexpr size_t kRanks = 3;
  const auto members = share(kRanks);
  std::vector<std::atomic<int>> written(kRanks);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < kRanks; ++rank) {
    threads.emplace_back([&, rank] {
      SharedMemory& own = *members[rank];
      for (int round = 0; round < 2000; ++round) {
        const bool own_core = (static_cast<int>(rank) + round / 100) % 2 == 0;
        if (round % 3 == 2) {  // so gathers fall on even and on odd rounds
          written[rank].store(round, std::memory_order_relaxed);
          own.meet(own_core);
          for (const auto& other : written) wrong += other.load(std::memory_order_relaxed) != round;
        } else {
          const Message mine(static_cast<int>(rank), round);
          const auto all = own.gather(mine.bytes.data(), mine.bytes.size(), own_core);
          for (size_t other = 0; other < kRanks; ++other) {
            const Message expected(static_cast<int>(other), round);
            wrong += std::memcmp(all[other], expected.bytes.data(), expected.bytes.size()) != 0;
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a rank that waits in shared memory for one that does not come can be set free") {
  for (const bool own_core : {true, false}) {
    const auto members = share(2);
    std::thread waiting([&] { CHECK_THROWS_AS(members[0]->gather("x", 1, own_core), std::runtime_error); });
    std::this_thread::sleep_for(50ms);
    members[0]->abandon();
    waiting.join();
  }
}

TEST_CASE("memory that cannot be shared, or is that of another, is refused") {
  const auto memory = SharedMemory::make(2, kBox);
  REQUIRE(memory);
  int process = 0, file = 0;
  unsigned long token = 0;
  REQUIRE(std::sscanf(memory->invitation().c_str(), "%d %d %lu", &process, &file, &token) == 3);
  CHECK_FALSE(SharedMemory::join(fmt::format("{} {} {}", process, file, token + 1), 1, 2, kBox));
  CHECK_FALSE(SharedMemory::join(fmt::format("{} {} {}", process, 0, token), 1, 2, kBox));  // some other file of the process
  CHECK_FALSE(SharedMemory::join(fmt::format("{} {} {}", process, 9999, token), 1, 2, kBox));
  CHECK_FALSE(SharedMemory::join("", 1, 2, kBox));
  CHECK_FALSE(SharedMemory::join(memory->invitation(), 1, 3, kBox));  // of another size
  CHECK_THROWS_AS(memory->gather("x", kBox + 1, false), std::logic_error);
}

}  // namespace hpcai::distributed
