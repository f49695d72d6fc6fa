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

// A run in one word, as the workers read it: its number, which always grows, and its count of parts.
struct Ticket {
  static constexpr int kCountBits = 16;

  uint64_t run;
  int count;

  explicit Ticket(uint64_t word) : run(word >> kCountBits), count(static_cast<int>(word & ((1 << kCountBits) - 1))) {}
  static uint64_t word(uint64_t run, int count) { return run << kCountBits | static_cast<uint64_t>(count); }
};

// The number of the last run in which this part was taken. Each has its own cache line, because mostly one worker reads it.
struct alignas(64) Taken {
  std::atomic<uint64_t> run{0};
};

class Team {
 public:
  // The team is never destroyed: its workers sleep until the process ends.
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
    // The caller asks after the ticket is published. A worker that dozes no longer has either looked for the ticket after that,
    // or is woken here.
    const bool together = worth_.wants_help(now_ns());
    if (together) workers_.wake(count - 1);
    perform(0);
    help(Ticket(ticket_.load(std::memory_order_relaxed)), 1);
    const int64_t alone_ns = now_ns();
    caller_.wait([&] { return unfinished_.load() == 0; }, spins());
    if (together) weigh(alone_ns);
  }

 private:
  // The caller holds `turn_`.
  void add_workers(int count) {
    for (; size_ < count; ++size_) {
      start_thread("for computations", [this, own = size_] { serve(own); }).detach();
    }
  }

  // Updates `worth_` after a run with help. The caller has waited since `since_ns`.
  void weigh(int64_t since_ns) {
    const int64_t now = now_ns();
    const bool interrupted = interrupted_.load(std::memory_order_relaxed);
    const int64_t saved = helped_ns_.load(std::memory_order_relaxed), lost = interrupted ? now - since_ns : 0;
    if (worth_.note(saved, lost, now)) workers_.wake(INT_MAX);  // so that the workers doze from now on
  }

  void serve(int own) {
    uint64_t seen = 0;
    while (true) {
      uint64_t word = 0;
      const auto ready = [&] {
        word = ticket_.load();
        if (Ticket(word).run == seen) return false;
        // Without a wish for help a worker joins only a long run, whose parts may wait for one another.
        const int64_t now = now_ns();
        return worth_.wants_help(now) || now - published_ns_.load(std::memory_order_relaxed) > kLongNs;
      };
      workers_.wait(ready, spins(), [&] { return !worth_.wants_help(now_ns()); });
      const Ticket ticket(word);
      seen = ticket.run;
      help(ticket, own, /*timed=*/true);
    }
  }

  // Performs parts that are still free. A worker begins with the part of its own number, whose data its caches mostly hold.
  void help(const Ticket& ticket, int own, bool timed = false) {
    const int count = ticket.count;
    int number = own % count;
    for (int i = 0; i < count && untaken_.load(std::memory_order_relaxed) > 0; ++i) {
      if (take(ticket, number)) timed ? perform_timed(number) : perform(number);
      if (++number == count) number = 0;
    }
  }

  // Takes part `number` of the ticket's run. Returns false if the part is taken. It is also right for a late thread whose ticket
  // is of an earlier run, because the parts then bear the number of that run or of a later one.
  bool take(const Ticket& ticket, int number) {
    std::atomic<uint64_t>& last = taken_[number].run;
    uint64_t before = last.load(std::memory_order_acquire);
    if (before >= ticket.run) return false;
    if (!last.compare_exchange_strong(before, ticket.run, std::memory_order_acq_rel)) return false;
    untaken_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  // Performs one part. The run cannot end, and `part_` cannot change, before the part has finished.
  void perform(int number) {
    is_inside = true;
    part_(data_, number);
    is_inside = false;
    finish();
  }

  // As perform(), and records the time that the worker's help has saved.
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

  // Whether the kernel has taken the core from the calling worker since the last call.
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

  static constexpr int64_t kLongNs = 1'000'000;      // after this time a run accepts help in any case
  static constexpr int64_t kSuspiciousNs = 200'000;  // shorter parts are hardly ever interrupted

  std::mutex turn_;
  Worth worth_;
  std::atomic<int64_t> published_ns_{0}, helped_ns_{0};
  std::atomic<bool> interrupted_{false};
  int size_ = 1;  // number of threads, including the caller
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
  for (int round = 0; round < 3; ++round) {  // the least of three, because another program may interrupt a measurement
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
