#pragma once

#include <atomic>
#include <cstdint>

namespace hpcai::team {

// The threads of this process that compute together: the caller of run() and workers that stay. They serve this program's
// kernels (pieces.h) and, through OpenMP's interface (openmp.h), LibTorch's operators.
//
// A part of the work is done by whoever is there: a worker that another program keeps from its core is not waited for, the
// caller or another worker does its part. Nobody spins for long: a wait looks for work some microseconds and then sleeps. While
// workers lose their cores in the middle of parts so often that the caller waits longer than their help saves, they are
// left asleep, and the caller does all parts one after the other (worth.h). What is computed is the same in all cases.

inline constexpr int kMostThreads = 4096;

using Part = void (*)(void* data, int number);

// Calls part(data, number) once for each number in [0, count), each on a thread of its own if they wait for one another:
// there are at least `count` threads (at most kMostThreads), and a thread begins another number only after it has finished one.
// The caller does number 0. Returns when all have finished. One run at a time: a second caller waits for the first. `part` must
// not throw, nor call run(). Throws the error of process_limit() if the system refuses a worker.
void run(int count, Part part, void* data);

// Starts workers for run(count, ...) now. Throws as run().
void grow(int count);

// How often a wait looks again before it sleeps; 0 where cores are shared by too many threads.
void set_spins(int64_t spins);

// Whether the calling thread works in a run at the moment.
bool inside();

// The number of spins that takes about this many microseconds on this machine.
int64_t spins_of(double microseconds);

// One look of a wait: lets the other thread of a core go on.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until ready() is true: looks `spins` times, then sleeps until `word` is no longer what it was when ready() was false.
// Whoever makes ready() true changes the word and calls wake_all.
class Sleepers {
 public:
  template <class Ready>
  void wait(const Ready& ready, int64_t spins) {
    wait(ready, spins, [] { return false; });
  }
  // A sleep ends after a millisecond by itself if doze() was true before ready() was false.
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
  // After the change that waiters look for. Wakes up to `count` of them.
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

int64_t spins();

}  // namespace hpcai::team
