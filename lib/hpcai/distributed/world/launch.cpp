#include "hpcai/distributed/world/launch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/process.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/world/parent_link.h"
#include "hpcai/distributed/world/peers.h"
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

// A rank that failed by itself ends after those that lost it. The parent waits this long for such a rank before it starts one
// again that has only lost others.
constexpr auto kCauseGrace = 1s;

struct Child {
  pid_t process = -1;
  std::optional<int> status;  // exit status; set when the rank has ended
  int restarts = 0;           // how often ranks had been started again before this one
  int link = -1;              // the parent's end of the socket pair with the rank; -1 without restarts
};

class Ranks {
 public:
  Ranks(int count, const std::vector<std::string>& arguments, int port, const RestartRules& rules)
      : port_(port),
        rules_(rules),
        guard_(rules.most),
        words_{program_path()},
        environment_(process_environment()),
        children_(static_cast<size_t>(count)) {
    words_.insert(words_.end(), arguments.begin(), arguments.end());
    environment_["HPCAI_WORLD_SIZE"] = std::to_string(count);
    start_missing();
  }
  ~Ranks() {
    for (const Child& child : children_) {
      if (child.process > 0 && !child.status) kill(-child.process, SIGKILL);
      if (child.link >= 0) close(child.link);
    }
  }

  int wait() {
    while (running() > 0 || lost_) {
      forward(next_signal());
      hear_reports();
      reap();
      if (lost_ && (failure_ || stopped_ > 0 || last_signal_ != 0)) fail(*std::exchange(lost_, std::nullopt));
      if (failure_) {
        hurry();
      } else if (stopped_ > 0) {
        stop_the_others();
      } else if (lost_ && Clock::now() >= replace_at_) {
        replace_lost();
      }
    }
    return result();
  }

 private:
  // Calls the living ranks to a new meeting, and starts a rank for each one that has ended.
  void start_missing() {
    // A living rank 0 may still hold the port of the meeting before.
    const int port = guard_.restarts() == 0 ? port_ : 0;
    MeetingCall call{.job = random_number(), .restarts = guard_.restarts(), .listen_fd = listen_on("127.0.0.1", port)};
    call.port = port_of(call.listen_fd);
    try {
      for (size_t rank = 0; rank < children_.size(); ++rank) {
        Child& child = children_[rank];
        if (child.process < 0 || child.status) {
          start(static_cast<int>(rank), call);
        } else {
          send_call(child.link, call);
        }
        // Only rank 0 keeps the socket, so it closes with rank 0.
        if (rank == 0) close(std::exchange(call.listen_fd, -1));
      }
    } catch (...) {
      if (call.listen_fd >= 0) close(call.listen_fd);
      throw;
    }
  }

  void start(int rank, const MeetingCall& call) {
    Child& child = children_[static_cast<size_t>(rank)];
    Environment environment = environment_;
    environment["HPCAI_RANK"] = std::to_string(rank);
    environment["HPCAI_MASTER_PORT"] = std::to_string(call.port);
    environment["HPCAI_JOB"] = call.job;
    environment["HPCAI_RESTARTS"] = std::to_string(call.restarts);
    std::vector<int> kept;
    if (call.listen_fd >= 0) {
      environment["HPCAI_LISTEN_FD"] = std::to_string(call.listen_fd);
      kept.push_back(call.listen_fd);
    }
    int link_of_rank = -1;
    if (child.link >= 0) close(std::exchange(child.link, -1));
    try {
      if (rules_.most > 0) {
        std::tie(child.link, link_of_rank) = make_parent_link();
        environment["HPCAI_PARENT_FD"] = std::to_string(link_of_rank);
        kept.push_back(link_of_rank);
      }
      child.process = start_process({.program = "/proc/self/exe",
                                     .arguments = words_,
                                     .environment = environment,
                                     .blocked_signals = signals_of_new_rank(),
                                     .kept_descriptors = kept});
      child.status.reset();
      child.restarts = call.restarts;
    } catch (const std::runtime_error& error) {
      if (link_of_rank >= 0) close(link_of_rank);
      throw Error(ExitCode::usage, fmt::format("--nproc {}: rank {}: {}", children_.size(), rank, error.what()),
                  "Start fewer ranks, or raise the limit of processes (ulimit -u).");
    }
    if (link_of_rank >= 0) close(link_of_rank);
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
    end_restarts();
    send(signal);
  }

  // A rank that waits for a call to another meeting ends.
  void end_restarts() {
    for (Child& child : children_) {
      if (child.link >= 0) close(std::exchange(child.link, -1));
    }
  }

  void hear_reports() {
    for (Child& child : children_) {
      if (child.link < 0 || child.status) continue;
      while (const auto report = receive_report(child.link)) {
        furthest_step_ = std::max(furthest_step_, report->step);
        for (const int rank : report->lost) {
          if (rank < 0 || rank >= std::ssize(children_)) continue;
          const Child& other = children_[static_cast<size_t>(rank)];
          if (other.process != child.process) note_report(other, *report);
        }
      }
    }
  }

  // Kills a rank without which another one cannot go on: it hangs or is stopped. If it has ended, also with status 0, it is
  // started again. A report from before the start of a rank is about the process that it replaces.
  void note_report(const Child& lost, const LossReport& report) {
    if (lost.restarts > report.restarts) return;
    if (!lost.status) {
      kill(-lost.process, SIGKILL);
    } else if (may_replace()) {
      note_loss(static_cast<int>(ExitCode::peers_unreachable));
    }
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
    if (may_replace() && lost_a_rank(status)) return note_loss(status);
    fail(status);
  }

  bool may_replace() const { return rules_.most > 0 && !failure_ && stopped_ == 0 && last_signal_ == 0; }

  void fail(int status) {
    const bool consequence = failure_ == static_cast<int>(ExitCode::peers_unreachable) && stage_ == 0;
    if (!failure_) deadline_ = Clock::now() + kGrace;
    if (!failure_ || consequence) failure_ = status;
    end_restarts();
  }

  void note_loss(int status) {
    const bool only_lost_others = status == static_cast<int>(ExitCode::peers_unreachable);
    const auto at = Clock::now() + (only_lost_others ? kCauseGrace : 0s);
    replace_at_ = lost_ ? std::min(replace_at_, at) : at;
    lost_ = lost_ && only_lost_others ? *lost_ : status;
  }

  void replace_lost() {
    const int status = *std::exchange(lost_, std::nullopt);
    try {
      replace_lost(status);
    } catch (const Error& error) {  // for example, the system refuses another process
      log::error("the ranks are not started again: {}", error.what());
      fail(status);
    }
  }

  void replace_lost(int status) {
    const int64_t saved_step = rules_.saved_step();
    const auto decision = guard_.decide(status, std::max(furthest_step_, saved_step));
    if (!decision.restart) {
      log::error("the ranks are not started again: {}", decision.why_not);
      return fail(status);
    }
    std::vector<int> ended;
    for (size_t rank = 0; rank < children_.size(); ++rank) {
      if (children_[rank].status) ended.push_back(static_cast<int>(rank));
    }
    const std::string from = saved_step < 0 ? "the beginning" : fmt::format("step {}", saved_step);
    const std::string what = running() == 0 ? fmt::format("the ranks start again from {}", from)
                                            : fmt::format("{} {} again, and the others go on", describe_ranks(ended),
                                                          ended.size() == 1 ? "starts" : "start");
    log::warning("{} (restart {} of {})", what, guard_.restarts(), rules_.most);
    start_missing();
  }

  // Ranks that train stop together. A rank that stops alone received a signal before training, and the other ranks wait for it.
  // The parent therefore sends SIGTERM to them.
  void stop_the_others() {
    if (!deadline_of_stop_ || Clock::now() < *deadline_of_stop_) return;
    deadline_of_stop_.reset();
    end_restarts();
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
  int port_;
  const RestartRules& rules_;
  RestartGuard guard_;
  std::vector<std::string> words_;
  Environment environment_;
  std::vector<Child> children_;
  std::optional<int> failure_;
  std::optional<int> lost_;  // exit status of a rank that is to be started again
  Clock::time_point replace_at_;
  int64_t furthest_step_ = -1;  // of all ranks, as they have reported it
  int64_t stopped_ = 0;         // ranks that stopped before the parent sent SIGTERM
  int stage_ = 0;               // 0 grace, 1 SIGTERM sent, 2 SIGKILL sent
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
  return Ranks(nproc, arguments, port, restarts).wait();
}

}  // namespace hpcai::distributed
