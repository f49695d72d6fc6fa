#include "hpcai/distributed/world/launch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/process.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/world/restart_guard.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kGrace = 5s;         // time for the other ranks to detect and report a lost rank
constexpr auto kLastGrace = 5s;     // between SIGTERM and SIGKILL
constexpr auto kOneSignal = 300ms;  // a terminal or `timeout` may deliver one signal twice
constexpr auto kStopGrace = 2s;     // time for the other ranks to stop after the first one has stopped

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : stop_signals()) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  return set;
}

// Blocks the signals of this process while the ranks run. The parent takes them one by one with sigtimedwait.
class BlockedSignals {
 public:
  BlockedSignals() : set_(watched_signals()) { pthread_sigmask(SIG_BLOCK, &set_, &before_); }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  const sigset_t& set() const { return set_; }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t set_, before_;
};

struct Child {
  pid_t process = -1;
  std::optional<int> status;  // exit status; set when the rank has ended
};

class Ranks {
 public:
  // `restarts`: how often the ranks were started before.
  Ranks(int count, const std::vector<std::string>& arguments, int port, int restarts) : children_(static_cast<size_t>(count)) {
    int listen_fd = listen_on("127.0.0.1", port);
    Environment environment = process_environment();
    environment["HPCAI_WORLD_SIZE"] = std::to_string(count);
    environment["HPCAI_MASTER_PORT"] = std::to_string(port_of(listen_fd));
    environment["HPCAI_JOB"] = random_number();
    environment["HPCAI_RESTARTS"] = std::to_string(restarts);
    std::vector<std::string> words{program_path()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    for (int rank = 0; rank < count; ++rank) {
      environment["HPCAI_RANK"] = std::to_string(rank);
      if (rank == 0) environment["HPCAI_LISTEN_FD"] = std::to_string(listen_fd);
      children_[static_cast<size_t>(rank)].process = start(rank, words, environment, rank == 0 ? listen_fd : -1);
      if (rank == 0) {
        environment.erase("HPCAI_LISTEN_FD");
        close(std::exchange(listen_fd, -1));  // only rank 0 has the socket now, so it closes with rank 0
      }
    }
  }
  ~Ranks() {
    for (const Child& child : children_) {
      if (child.process > 0 && !child.status) kill(-child.process, SIGKILL);
    }
  }

  int wait() {
    while (running() > 0) {
      forward(next_signal());
      reap();
      if (failure_) {
        hurry();
      } else if (stopped_ > 0) {
        stop_the_others();
      }
    }
    return result();
  }

  // Whether the parent has passed a signal on.
  bool were_signalled() const { return last_signal_ != 0; }

 private:
  pid_t start(int rank, const std::vector<std::string>& words, const Environment& environment, int listen_fd) const {
    try {
      return start_process({.program = "/proc/self/exe",
                            .arguments = words,
                            .environment = environment,
                            .blocked_signals = signals_of_new_rank(),
                            .kept_descriptor = listen_fd});
    } catch (const std::runtime_error& error) {
      throw Error(ExitCode::usage, fmt::format("--nproc {}: rank {}: {}", children_.size(), rank, error.what()),
                  "Start fewer ranks, or raise the limit of processes (ulimit -u).");
    }
  }

  // The stop signals of a new rank are blocked. A signal that arrives while the system loads the program stays pending until
  // note_stop_signals() unblocks it in the rank. Unblocked, it would kill the rank.
  sigset_t signals_of_new_rank() const {
    sigset_t set = signals_.before();
    for (const int signal : stop_signals()) sigaddset(&set, signal);
    return set;
  }

  int64_t running() const {
    return std::ranges::count_if(children_, [](const Child& child) { return !child.status; });
  }

  int next_signal() const {
    const timespec limit{0, 100'000'000};
    const int signal = sigtimedwait(&signals_.set(), nullptr, &limit);
    return signal < 0 || signal == SIGCHLD ? 0 : signal;
  }

  void send(int signal) {
    for (const Child& child : children_) {
      if (!child.status) kill(-child.process, signal);
    }
  }

  void forward(int signal) {
    if (signal == 0) return;
    const auto now = Clock::now();
    if (signal == last_signal_ && now - last_time_ < kOneSignal) return;
    last_signal_ = signal;
    last_time_ = now;
    send(signal);
  }

  void reap() {
    for (size_t rank = 0; rank < children_.size(); ++rank) {
      Child& child = children_[rank];
      if (child.status || !(child.status = poll_process(child.process))) continue;
      note_end(static_cast<int>(rank), *child.status);
    }
  }

  // The first failure is the cause, with one exception: the parent may see a rank that lost a peer before it sees the peer
  // itself.
  void note_end(int rank, int status) {
    if (status == static_cast<int>(ExitCode::done)) return;
    if (status == static_cast<int>(ExitCode::stopped)) {
      if (stage_ == 0 && stopped_++ == 0) deadline_of_stop_ = Clock::now() + kStopGrace;
      return;
    }
    if (status > 128 && stage_ == 0) {
      log::error("rank {} was killed by signal {} ({})", rank, status - 128, strsignal(status - 128));
    }
    const bool consequence = failure_ == static_cast<int>(ExitCode::peers_unreachable) && stage_ == 0;
    if (!failure_) deadline_ = Clock::now() + kGrace;
    if (!failure_ || consequence) failure_ = status;
  }

  // Ranks that train stop together. A rank that stops alone received a signal before training, and the other ranks wait for it.
  // The parent therefore sends SIGTERM to them.
  void stop_the_others() {
    if (!deadline_of_stop_ || Clock::now() < *deadline_of_stop_) return;
    deadline_of_stop_.reset();
    send(SIGTERM);
  }

  // Ends the ranks that outlive a failed rank: with SIGTERM first, then with SIGKILL.
  void hurry() {
    if (Clock::now() < deadline_) return;
    send(stage_ == 0 ? SIGTERM : SIGKILL);
    ++stage_;
    deadline_ = Clock::now() + kLastGrace;
  }

  int result() const {
    // A rank that lost a stopped rank has not failed itself.
    const bool only_lost_a_stopped_rank = failure_ == static_cast<int>(ExitCode::peers_unreachable) && stopped_ > 0;
    if (only_lost_a_stopped_rank) return static_cast<int>(ExitCode::stopped);
    if (failure_) return *failure_;
    if (stopped_ == 0) return static_cast<int>(ExitCode::done);
    if (stopped_ == std::ssize(children_)) return static_cast<int>(ExitCode::stopped);
    log::error("some ranks stopped on a signal and others ended");
    return static_cast<int>(ExitCode::internal);
  }

  BlockedSignals signals_;
  std::vector<Child> children_;
  std::optional<int> failure_;
  int64_t stopped_ = 0;  // ranks that stopped before the parent sent SIGTERM
  int stage_ = 0;        // 0 grace, 1 SIGTERM sent, 2 SIGKILL sent
  Clock::time_point deadline_, last_time_;
  std::optional<Clock::time_point> deadline_of_stop_;
  int last_signal_ = 0;
};

void check_nproc(int nproc) {
  if (nproc < 1) {
    throw Error(ExitCode::usage, fmt::format("--nproc {}: the number of ranks must be at least 1", nproc));
  }
  const World outer = detect_world(process_environment());
  if (outer.size > 1) {
    throw Error(ExitCode::usage,
                fmt::format("--nproc {} inside a world of {} ranks that {} has started", nproc, outer.size, outer.launcher),
                "Leave out --nproc: the launcher starts the ranks.");
  }
  const int cores = available_cores();
  if (nproc > cores)
    log::warning("--nproc {}: this process may use only {} cores, the ranks will slow each other down", nproc, cores);
}

}  // namespace

int run_local_ranks(int nproc, const std::vector<std::string>& arguments, int port, const RestartRules& restarts) {
  check_nproc(nproc);
  RestartGuard guard(restarts.most);
  while (true) {
    Ranks ranks(nproc, arguments, port, guard.restarts());
    const int status = ranks.wait();
    if (restarts.most == 0 || ranks.were_signalled()) return status;
    const int64_t saved_step = restarts.saved_step();
    const auto decision = guard.decide(status, saved_step);
    if (!decision.why_not.empty()) log::error("the ranks are not started again: {}", decision.why_not);
    if (!decision.restart) return status;
    log::warning("the ranks start again from {} (restart {} of {})",
                 saved_step < 0 ? "the beginning" : fmt::format("step {}", saved_step), guard.restarts(), restarts.most);
  }
}

}  // namespace hpcai::distributed
