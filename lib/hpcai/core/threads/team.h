#pragma once

#include <atomic>
#include <cstdint>

namespace hpcai::team {

// The threads of this process that compute together: the caller of run(), and workers that live until the process ends. They
// serve this program's kernels (pieces.h) and, through OpenMP's interface (openmp.h), LibTorch's operators.
//
// A run has parts, and any thread of the team may take a part. If another program occupies the core of a worker, the caller or
// another worker takes its part. A waiting thread polls for some microseconds and then sleeps. If workers lose their cores so
// often that the caller waits longer than their help saves, the workers stay asleep for a while and the caller performs all
// parts, one after the other (worth.h). The result of the parts is the same in all cases.

inline constexpr int kMostThreads = 4096;

using Part = void (*)(void* data, int number);

// Calls part(data, number) once for each number in [0, count) and returns when all calls have finished. Parts may wait for one
// another: the team has at least `count` threads (at most kMostThreads), and a thread takes another part only after it has
// finished one. The caller performs part 0. One run at a time: a second caller waits for the first. `part` must not throw and
// must not call run(). Throws the error of process_limit() if the system refuses a worker.
void run(int count, Part part, void* data);

// Starts workers for run(count, ...) now. Throws as run().
void grow(int count);

// Sets how often a waiting thread polls before it sleeps. 0 is right if more threads than cores compute.
void set_spins(int64_t spins);

// Whether the calling thread performs a part of a run.
bool inside();

// Returns the number of polls that take about this many microseconds on this machine.
int64_t spins_of(double microseconds);

// One pause between two polls. It lets the other hardware thread of the core continue.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until ready() is true: polls `spins` times, then sleeps. A thread that makes ready() true must call wake() afterwards.
// `word_` counts these calls: a sleep ends at once if the count has changed since ready() was false.
class Sleepers {
 public:
  template <class Ready>
  void wait(const Ready& ready, int64_t spins) {
    wait(ready, spins, [] { return false; });
  }
  // If doze() was true before ready() was false, a sleep ends by itself after a millisecond.
  template <class Ready, class Doze>
  void wait(const Ready& ready, int64_t spins, const Doze& doze) {
    for (int64_t i = 0; i < spins; ++i) {
      if (ready()) return;
      relax();
    }
    asleep_.fetch_add(1);
    while (true) {
      const uint32_t seen = word_.load();
      const bool dozes = doze();
      if (ready()) break;
      sleep(seen, dozes);
    }
    asleep_.fetch_sub(1);
  }
  // Wakes up to `count` sleeping threads. Call it after the change that makes ready() true.
  void wake(int count) {
    word_.fetch_add(1);
    if (asleep_.load() > 0) wake_sleeping(count);
  }

 private:
  void sleep(uint32_t seen, bool dozes);
  void wake_sleeping(int count);

  std::atomic<uint32_t> word_{0};
  std::atomic<int> asleep_{0};
};

// Returns the number of set_spins().
int64_t spins();

}  // namespace hpcai::team
