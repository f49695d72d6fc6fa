#include "hpcai/core/threads/team.h"

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "hpcai/core/threads/start.h"
#include "hpcai/core/threads/worth.h"

namespace hpcai::team {
namespace {

thread_local bool is_inside = false;
std::atomic<int64_t> spins_before_sleep{0};

// A run as the workers see it, in one word: its number, which counts up for ever, and its count of parts.
struct Ticket {
  static constexpr int kCountBits = 16;

  uint64_t run;
  int count;

  explicit Ticket(uint64_t word) : run(word >> kCountBits), count(static_cast<int>(word & ((1 << kCountBits) - 1))) {}
  static uint64_t word(uint64_t run, int count) { return run << kCountBits | static_cast<uint64_t>(count); }
};

// The run that last took a part. A cache line each, since its own worker alone looks at it most of the time.
struct alignas(64) Taken {
  std::atomic<uint64_t> run{0};
};

class Team {
 public:
  // Never destroyed: its workers sleep until the process ends.
  static Team& instance() {
    static Team* const team = new Team;
    return *team;
  }

  void grow(int count) {
    std::lock_guard lock(turn_);
    add_workers(count);
  }

  void run(int count, Part part, void* data) {
    std::lock_guard lock(turn_);
    add_workers(count);
    part_ = part;
    data_ = data;
    unfinished_.store(count, std::memory_order_relaxed);
    untaken_.store(count - 1, std::memory_order_relaxed);
    run_ += 1;
    taken_[0].run.store(run_, std::memory_order_relaxed);
    helped_ns_.store(0, std::memory_order_relaxed);
    interrupted_.store(false, std::memory_order_relaxed);
    published_ns_ = now_ns();
    ticket_.store(Ticket::word(run_, count));
    // Asked after the ticket is there: a worker that no longer dozes has looked for it later than this, or is woken.
    const bool together = worth_.wants_help(now_ns());
    if (together) workers_.wake(count - 1);
    perform(0);
    help(Ticket(ticket_.load(std::memory_order_relaxed)), 1);
    const int64_t alone_ns = now_ns();
    caller_.wait([&] { return unfinished_.load() == 0; }, spins());
    if (together) weigh(alone_ns);
  }

 private:
  // With `turn_` held.
  void add_workers(int count) {
    for (; size_ < count; ++size_) {
      start_thread("for computations", [this, own = size_] { serve(own); }).detach();
    }
  }

  // After a run with help; the caller has waited since `since_ns`.
  void weigh(int64_t since_ns) {
    const int64_t now = now_ns();
    const bool interrupted = interrupted_.load(std::memory_order_relaxed);
    const int64_t saved = helped_ns_.load(std::memory_order_relaxed), lost = interrupted ? now - since_ns : 0;
    if (worth_.note(saved, lost, now)) workers_.wake(INT_MAX);  // so that they doze from now on
  }

  void serve(int own) {
    uint64_t seen = 0;
    while (true) {
      uint64_t word = 0;
      const auto ready = [&] {
        word = ticket_.load();
        if (Ticket(word).run == seen) return false;
        // Without being wanted only into a long run: its parts may wait for one another.
        const int64_t now = now_ns();
        return worth_.wants_help(now) || now - published_ns_.load(std::memory_order_relaxed) > kLongNs;
      };
      workers_.wait(ready, spins(), [&] { return !worth_.wants_help(now_ns()); });
      const Ticket ticket(word);
      seen = ticket.run;
      help(ticket, own, /*timed=*/true);
    }
  }

  // Does parts of a run that nobody has taken, first the thread's own: so a part mostly meets the caches that it left.
  void help(const Ticket& ticket, int own, bool timed = false) {
    const int count = ticket.count;
    int number = own % count;
    for (int i = 0; i < count && untaken_.load(std::memory_order_relaxed) > 0; ++i) {
      if (take(ticket, number)) timed ? perform_timed(number) : perform(number);
      if (++number == count) number = 0;
    }
  }

  // Also right in a thread that comes late, with the ticket of a run that is over: all its parts bear its number or a later
  // one.
  bool take(const Ticket& ticket, int number) {
    std::atomic<uint64_t>& last = taken_[number].run;
    uint64_t before = last.load(std::memory_order_acquire);
    if (before >= ticket.run) return false;
    if (!last.compare_exchange_strong(before, ticket.run, std::memory_order_acq_rel)) return false;
    untaken_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  // The run cannot end, nor `part_` change, before this part has finished.
  void perform(int number) {
    is_inside = true;
    part_(data_, number);
    is_inside = false;
    finish();
  }

  // As perform, and tells the caller what it is worth.
  void perform_timed(int number) {
    const int64_t start = now_ns();
    is_inside = true;
    part_(data_, number);
    is_inside = false;
    const int64_t taken = now_ns() - start;
    if (taken > kSuspiciousNs && lost_its_core()) {
      interrupted_.store(true, std::memory_order_relaxed);
    } else {
      helped_ns_.fetch_add(taken, std::memory_order_relaxed);
    }
    finish();
  }

  void finish() {
    if (unfinished_.fetch_sub(1) == 1) caller_.wake(1);
  }

  // Whether the kernel has given the calling worker's core to another thread since it was last asked.
  static bool lost_its_core() {
    thread_local long before = 0;
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw != std::exchange(before, usage.ru_nivcsw);
  }

  static int64_t now_ns() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
  }

  static constexpr int64_t kLongNs = 1'000'000;      // a run of this age takes help whether it pays or not
  static constexpr int64_t kSuspiciousNs = 200'000;  // shorter parts have hardly been interrupted

  std::mutex turn_;
  Worth worth_;
  std::atomic<int64_t> published_ns_{0}, helped_ns_{0};
  std::atomic<bool> interrupted_{false};
  int size_ = 1;  // threads, with the caller
  uint64_t run_ = 0;
  Part part_ = nullptr;
  void* data_ = nullptr;
  Sleepers workers_, caller_;
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> untaken_{0};
  alignas(64) std::atomic<int> unfinished_{0};
  std::vector<Taken> taken_{kMostThreads};
};

}  // namespace

void run(int count, Part part, void* data) { Team::instance().run(count, part, data); }
void grow(int count) { Team::instance().grow(count); }
bool inside() { return is_inside; }
int64_t spins() { return spins_before_sleep.load(std::memory_order_relaxed); }
void set_spins(int64_t count) { spins_before_sleep = count; }

int64_t spins_of(double microseconds) {
  constexpr int kTried = 2000;
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {  // the least: another program may come between
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTried; ++i) relax();
    best = std::min(best, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  return static_cast<int64_t>(microseconds * kTried / std::max(best, 1e-3));
}

void Sleepers::sleep(uint32_t seen, bool dozes) {
  const timespec millisecond{0, 1'000'000};
  syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, seen, dozes ? &millisecond : nullptr, nullptr, 0);
}
void Sleepers::wake_sleeping(int count) { syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }

}  // namespace hpcai::team
