#include "hpcai/distributed/exchange/shared_memory.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace hpcai::distributed {
namespace {

constexpr std::chrono::microseconds kPatience{500};  // time of polling in a round before a rank sleeps; a wake-up takes a tenth
constexpr int kLooks = 64;                           // polls between two looks at the clock
constexpr timespec kNap{.tv_sec = 0, .tv_nsec = 100'000'000};  // the longest time until a sleeping rank notices abandon()

void pause_core() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void sleep_while(const std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &kNap, nullptr, 0);
}
void wake_all(const std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

}  // namespace

// A mapping begins as zeros, which are the initial values.
struct alignas(64) SharedMemory::Presence {
  std::atomic<uint32_t> rounds;    // number of rounds in which the rank has arrived. Sleeping ranks wait for its change.
  std::atomic<uint32_t> sleepers;  // number of ranks that sleep until this rank arrives
  std::atomic<int32_t> core;       // on which the rank last arrived
};

SharedMemory::SharedMemory(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes)
    : mapping_(std::move(mapping)), rank_(rank), ranks_(ranks), box_bytes_(box_bytes) {
  std::byte* const boxes = mapping_->data() + size(ranks, 0);
  for (size_t box = 0; box < 2 * static_cast<size_t>(ranks); ++box) boxes_[box % 2].push_back(boxes + box * box_bytes);
}

size_t SharedMemory::size(int ranks, size_t box_bytes) { return static_cast<size_t>(ranks) * (sizeof(Presence) + 2 * box_bytes); }

std::unique_ptr<SharedMemory> SharedMemory::in(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes) {
  if (!mapping) return nullptr;
  return std::unique_ptr<SharedMemory>(new SharedMemory(std::move(mapping), rank, ranks, box_bytes));
}

std::unique_ptr<SharedMemory> SharedMemory::make(int ranks, size_t box_bytes) {
  return in(SharedMapping::make(size(ranks, box_bytes)), 0, ranks, box_bytes);
}

std::unique_ptr<SharedMemory> SharedMemory::join(const std::string& invitation, int rank, int ranks, size_t box_bytes) {
  return in(SharedMapping::join(invitation, size(ranks, box_bytes)), rank, ranks, box_bytes);
}

SharedMemory::Presence& SharedMemory::presence(int rank) const { return reinterpret_cast<Presence*>(mapping_->data())[rank]; }

// A rank may already have arrived in the next round. The difference is right when the counts begin again at zero.
bool SharedMemory::has_arrived(int rank) const {
  return static_cast<int32_t>(presence(rank).rounds.load(std::memory_order_acquire) - round_) >= 0;
}

// Whether a rank that has not arrived was on this core when it last arrived. On a busy machine the scheduler may let two ranks
// share a core. If one of them kept it while it polls, the other could not arrive.
bool SharedMemory::keeps_core_from_another() const {
  const int32_t here = sched_getcpu();
  for (int rank = 0; rank < ranks_; ++rank) {
    if (presence(rank).core.load(std::memory_order_relaxed) == here && !has_arrived(rank)) return true;
  }
  return false;
}

// Polls until `end` at most. Returns whether the rank has arrived.
bool SharedMemory::poll(int rank, bool own_core, Clock::time_point end) const {
  while (Clock::now() < end) {
    for (int look = 0; look < (own_core ? kLooks : 1); ++look) {
      if (has_arrived(rank)) return true;
      pause_core();
    }
    if (!own_core || keeps_core_from_another()) sched_yield();
  }
  return false;
}

void SharedMemory::await(int rank, bool own_core, Clock::time_point end) {
  if (has_arrived(rank) || poll(rank, own_core, end)) return;
  Presence& other = presence(rank);
  ++other.sleepers;
  while (!has_arrived(rank) && !abandoned_) sleep_while(other.rounds, round_ - 1);
  --other.sleepers;
  if (!has_arrived(rank)) throw std::runtime_error("given up");
}

std::span<std::byte* const> SharedMemory::gather(const void* message, size_t bytes, bool own_core) {
  if (bytes > box_bytes_) throw std::logic_error("shared memory: the message is larger than a box");
  const std::vector<std::byte*>& boxes = boxes_[(round_ + 1) % 2];
  std::memcpy(boxes[static_cast<size_t>(rank_)], message, bytes);
  meet(own_core);
  return boxes;
}

void SharedMemory::meet(bool own_core) {
  Presence& own = presence(rank_);
  own.core.store(sched_getcpu(), std::memory_order_relaxed);
  own.rounds = ++round_;  // before the look at the sleepers, who look at it after they have become sleepers
  if (own.sleepers > 0) wake_all(own.rounds);
  const auto end = Clock::now() + kPatience;  // of polling for all ranks together
  for (int i = 1; i < ranks_; ++i) await((rank_ + i) % ranks_, own_core, end);
}

void SharedMemory::abandon() { abandoned_ = true; }

}  // namespace hpcai::distributed
