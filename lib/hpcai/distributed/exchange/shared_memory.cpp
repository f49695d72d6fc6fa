#include "hpcai/distributed/exchange/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

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

struct SharedMemory::Header {
  uint64_t token = 0;                            // the invitation holds it too; join() compares them
  alignas(64) std::atomic<uint32_t> arrived{0};  // number of ranks that have arrived in the present round
  // Number of rounds in which all ranks have arrived. Sleeping ranks wait for its change.
  alignas(64) std::atomic<uint32_t> round{0};
  std::atomic<uint32_t> sleepers{0};
};

size_t SharedMemory::size() const { return sizeof(Header) + 2 * static_cast<size_t>(ranks_) * box_bytes_; }

SharedMemory::Header& SharedMemory::header() const { return *reinterpret_cast<Header*>(memory_); }

bool SharedMemory::map(int file) {
  void* const memory = mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return false;
  madvise(memory, size(), MADV_DONTFORK);  // a child that looks into a hostile file must not reach the other ranks
  memory_ = static_cast<std::byte*>(memory);
  return true;
}

std::unique_ptr<SharedMemory> SharedMemory::make(int ranks, size_t box_bytes) {
  std::unique_ptr<SharedMemory> made(new SharedMemory(0, ranks, box_bytes));
  uint64_t token = 0;
  made->file_ = memfd_create("hpcai-train", MFD_CLOEXEC);
  const bool sized = made->file_ >= 0 && ftruncate(made->file_, static_cast<off_t>(made->size())) == 0;
  if (!sized || getrandom(&token, sizeof token, 0) != sizeof token || !made->map(made->file_)) {
    return nullptr;
  }
  new (made->memory_) Header{.token = token};
  made->invitation_ = fmt::format("{} {} {}", getpid(), made->file_, token);
  return made;
}

std::unique_ptr<SharedMemory> SharedMemory::join(const std::string& invitation, int rank, int ranks, size_t box_bytes) {
  int process = 0, number = 0;
  unsigned long token = 0;
  if (std::sscanf(invitation.c_str(), "%d %d %lu", &process, &number, &token) != 3) return nullptr;
  const int file = open(fmt::format("/proc/{}/fd/{}", process, number).c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  std::unique_ptr<SharedMemory> joined(new SharedMemory(rank, ranks, box_bytes));
  // In another container the process number may belong to another process and the descriptor to another file.
  const bool right = lseek(file, 0, SEEK_END) == static_cast<off_t>(joined->size()) && joined->map(file);
  close(file);
  if (!right || joined->header().token != token) return nullptr;
  return joined;
}

SharedMemory::~SharedMemory() {
  close_invitation();
  if (memory_) munmap(memory_, size());
}

void SharedMemory::close_invitation() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

std::byte* SharedMemory::box(int rank) const {
  return memory_ + sizeof(Header) + (2 * static_cast<size_t>(rank) + round_ % 2) * box_bytes_;
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
  Header& shared = header();
  std::memcpy(box(rank_), message, bytes);
  if (shared.arrived.fetch_add(1) + 1 == static_cast<uint32_t>(ranks_)) {
    shared.arrived = 0;  // reset before `round` admits the ranks to the next round
    ++shared.round;
    if (shared.sleepers > 0) wake_all(shared.round);
  } else {
    await_round_after(round_, own_core);
  }
  std::vector<const std::byte*> messages;
  for (int rank = 0; rank < ranks_; ++rank) messages.push_back(box(rank));
  ++round_;
  return messages;
}

void SharedMemory::abandon() { abandoned_ = true; }

}  // namespace hpcai::distributed
