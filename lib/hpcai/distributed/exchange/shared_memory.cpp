#include "hpcai/distributed/exchange/shared_memory.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace hpcai::distributed {
namespace {

constexpr std::chrono::microseconds kPatience{500};  // time of polling before a rank sleeps; a wake-up takes a tenth of it
constexpr int kLooks = 64;                           // polls between two looks at the clock
constexpr timespec kNap{.tv_sec = 0, .tv_nsec = 100'000'000};  // the longest time until a sleeping rank notices abandon()

void pause_core() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void let_others_run() { sched_yield(); }

void sleep_while(const std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &kNap, nullptr, 0);
}
void wake_all(const std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

}  // namespace

// A mapping begins as zeros, which are the initial values.
struct SharedMemory::Header {
  alignas(64) std::atomic<uint32_t> arrived;  // number of ranks that have arrived in the present round
  // Number of rounds in which all ranks have arrived. Sleeping ranks wait for its change.
  alignas(64) std::atomic<uint32_t> round;
  std::atomic<uint32_t> sleepers;
};

SharedMemory::SharedMemory(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes)
    : mapping_(std::move(mapping)), rank_(rank), ranks_(ranks), box_bytes_(box_bytes) {}

size_t SharedMemory::size(int ranks, size_t box_bytes) { return sizeof(Header) + 2 * static_cast<size_t>(ranks) * box_bytes; }

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

SharedMemory::Header& SharedMemory::header() const { return *reinterpret_cast<Header*>(mapping_->data()); }

std::byte* SharedMemory::box(int rank) const {
  return mapping_->data() + sizeof(Header) + (2 * static_cast<size_t>(rank) + round_ % 2) * box_bytes_;
}

bool SharedMemory::look_for_round_after(uint32_t round, bool own_core) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    for (int look = 0; look < (own_core ? kLooks : 1); ++look) {
      if (header().round.load(std::memory_order_acquire) != round) return true;
      own_core ? pause_core() : let_others_run();
    }
  }
  return false;
}

void SharedMemory::await_round_after(uint32_t round, bool own_core) {
  if (look_for_round_after(round, own_core)) return;
  Header& shared = header();
  ++shared.sleepers;
  while (shared.round == round && !abandoned_) sleep_while(shared.round, round);
  --shared.sleepers;
  if (shared.round == round) throw std::runtime_error("given up");
}

std::vector<const std::byte*> SharedMemory::gather(const void* message, size_t bytes, bool own_core) {
  if (bytes > box_bytes_) throw std::logic_error("shared memory: the message is larger than a box");
  std::memcpy(box(rank_), message, bytes);
  std::vector<const std::byte*> messages;
  for (int rank = 0; rank < ranks_; ++rank) messages.push_back(box(rank));
  meet(own_core);
  return messages;
}

void SharedMemory::meet(bool own_core) {
  Header& shared = header();
  if (shared.arrived.fetch_add(1) + 1 == static_cast<uint32_t>(ranks_)) {
    shared.arrived = 0;  // reset before `round` admits the ranks to the next round
    ++shared.round;
    if (shared.sleepers > 0) wake_all(shared.round);
  } else {
    await_round_after(round_, own_core);
  }
  ++round_;
}

void SharedMemory::abandon() { abandoned_ = true; }

}  // namespace hpcai::distributed
