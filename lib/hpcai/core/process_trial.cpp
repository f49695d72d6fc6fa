#include "hpcai/core/process_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "hpcai/core/system_call_filter.h"

namespace hpcai {
namespace {

// The bytes that the child writes into the pipe.
constexpr char kDone = 'd', kNoMemory = 'm', kFailed = 'f';

// Returns the address space in use, in bytes, from /proc/self/statm. Unused with the address sanitizer, which reserves terabytes.
[[maybe_unused]] int64_t used_bytes() {
  long long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

void set_limit(int resource, int64_t value) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource>(resource), &now);
  now.rlim_cur = std::min(now.rlim_max, static_cast<rlim_t>(value));
  setrlimit(static_cast<__rlimit_resource>(resource), &now);
}

// Resets all signals in the child: a crash then ends the child quietly. The parent handles the signals that ask the program to
// stop.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP}) std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

char outcome_of(const std::function<bool()>& work) {
  try {
    return work() ? kDone : kNoMemory;
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  } catch (const std::exception&) {
    return kFailed;
  }
}

// Runs in the child, a copy of a process whose other threads are gone. The child uses no lock that these threads may have held:
// the C library protects malloc's locks, and the caller protects those of the work.
[[noreturn]] void be_the_child(int out, pid_t parent, const TrialLimits& limits, const std::function<bool()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  reset_signals();
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; null >= 0 && fd < 3; ++fd) {
    if (fd != out) dup2(null, fd);
  }
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_CPU, limits.cpu_s);
#ifndef __SANITIZE_ADDRESS__  // the sanitizer reserves terabytes of addresses
  set_limit(RLIMIT_AS, used_bytes() + limits.memory_bytes);
#endif
  allow_only_reading(out);  // where there is no such filter, the limits must do
  const char outcome = outcome_of(work);
  static_cast<void>(!write(out, &outcome, 1));
  _exit(0);
}

// Reads the byte that the child wrote before it ended, until `end`. `none`: the child closed the pipe without a byte, so it
// crashed.
enum class ChildAnswer { outcome, none, timeout };
ChildAnswer read_answer(int in, std::chrono::steady_clock::time_point end, char& outcome) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return ChildAnswer::timeout;
    pollfd poll_in{in, POLLIN, 0};
    const int ready = poll(&poll_in, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) continue;
    const ssize_t got = read(in, &outcome, 1);
    if (got < 0 && errno == EINTR) continue;
    return got == 1 ? ChildAnswer::outcome : ChildAnswer::none;
  }
}

// Returns the signal that ended the child; 0 if it ended otherwise or if its status is lost.
int ending_signal(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Trial untried(const std::string& reason) { return {Trial::End::untried, 0, reason}; }

Trial ended(ChildAnswer answer, char outcome, int signal) {
  if (answer == ChildAnswer::outcome) {
    return {outcome == kDone ? Trial::End::done : outcome == kNoMemory ? Trial::End::no_memory : Trial::End::failed, 0, ""};
  }
  if (signal == SIGXCPU || signal == SIGKILL) return {Trial::End::out_of_time, signal, ""};
  return {Trial::End::crashed, signal, signal == SIGSYS ? "a system call that reading a file does not need" : ""};
}

}  // namespace

Trial try_in_child(const TrialLimits& limits, const std::function<void(const std::function<void()>&)>& around_fork,
                   const std::function<bool()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return untried(fmt::format("no pipe: {}", std::strerror(errno)));
  const pid_t parent = getpid();
  pid_t child = 0;
  int error = 0;
  around_fork([&] {
    child = fork();
    error = errno;
  });
  if (child == 0) be_the_child(ends[1], parent, limits, work);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return untried(fmt::format("no process can be started: {}", std::strerror(error)));
  }
  char outcome = kFailed;
  const ChildAnswer answer =
      read_answer(ends[0], std::chrono::steady_clock::now() + std::chrono::seconds(limits.wall_s), outcome);
  close(ends[0]);
  if (answer == ChildAnswer::timeout) kill(child, SIGKILL);
  const int signal = ending_signal(child);
  if (answer == ChildAnswer::timeout) return untried(fmt::format("the disk did not answer within {} s", limits.wall_s));
  return ended(answer, outcome, signal);
}

}  // namespace hpcai
