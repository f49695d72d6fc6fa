#include "hpcai/data/hdf5/hdf5_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_library.h"

namespace hpcai::data {
namespace {

// What the child tells.
constexpr char kDone = 'd', kNoMemory = 'm', kFailed = 'f';

struct Limits {
  int64_t cpu_s = 5;
  int64_t memory_bytes = int64_t{1} << 30;  // beyond what the process has already
  int64_t wall_s = 100;
};

// A sound file is looked through in milliseconds; labels and chunk indices grow with the file.
Limits limits_for(const std::string& name) {
  struct stat status {};
  if (stat(split_hdf5_name(name).path.c_str(), &status) != 0) return {};
  Limits limits;
  limits.cpu_s += status.st_size / 10'000'000'000;
  limits.memory_bytes += std::min<int64_t>(8 * status.st_size, int64_t{16} << 30);
  limits.wall_s = 20 * limits.cpu_s;
  return limits;
}

// Address space in use, from /proc/self/statm.
int64_t used_bytes() {
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

// A crash ends the child quietly; what asks this program to stop is the parent's business.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP}) std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

char outcome_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  } catch (const std::exception&) {
    return hdf5_was_out_of_memory() ? kNoMemory : kFailed;
  }
  return kDone;
}

// The child is a copy of a process whose other threads are gone. It uses no lock that they may have held: the caller has
// held the HDF5 library's, the C library sees to those of malloc, and nothing is logged.
[[noreturn]] void be_the_child(int out, pid_t parent, const Limits& limits, const std::function<void()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  reset_signals();
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; null >= 0 && fd < 3; ++fd) {
    if (fd != out) dup2(null, fd);
  }
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_CPU, limits.cpu_s);
#ifndef __SANITIZE_ADDRESS__  // reserves terabytes of addresses
  set_limit(RLIMIT_AS, used_bytes() + limits.memory_bytes);
#endif
  const char outcome = outcome_of(work);
  static_cast<void>(!write(out, &outcome, 1));
  _exit(0);
}

// What the child wrote before it ended: nothing if it crashed. Waits until `end`.
enum class Heard { outcome, silence, timeout };
Heard hear(int in, std::chrono::steady_clock::time_point end, char& outcome) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return Heard::timeout;
    pollfd poll_in{in, POLLIN, 0};
    const int ready = poll(&poll_in, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) continue;
    const ssize_t got = read(in, &outcome, 1);
    if (got < 0 && errno == EINTR) continue;
    return got == 1 ? Heard::outcome : Heard::silence;
  }
}

// The signal that ended the child; 0 if it ended otherwise or nobody knows.
int ending_signal(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

[[noreturn]] void refuse_damaged(const std::string& name, const std::string& what) {
  refuse_data(printable(name), "is damaged: " + what, kDamagedRemedy);
}

void warn_untried(const std::string& name, const std::string& why) {
  log::warning("{}: {}; it is opened without a trial in a process of its own", printable(name), why);
}

}  // namespace

void try_in_child(const std::string& name, const std::function<void()>& work) {
  const Limits limits = limits_for(name);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return warn_untried(name, fmt::format("no pipe: {}", std::strerror(errno)));
  const pid_t parent = getpid();
  pid_t child = 0;
  int error = 0;
  {
    const Hdf5Lock lock;  // nobody else is in the middle of a call of the library, which the child is going to use
    child = fork();
    error = errno;
  }
  if (child == 0) be_the_child(ends[1], parent, limits, work);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return warn_untried(name, fmt::format("no process can be started: {}", std::strerror(error)));
  }
  char outcome = kFailed;
  const Heard heard = hear(ends[0], std::chrono::steady_clock::now() + std::chrono::seconds(limits.wall_s), outcome);
  close(ends[0]);
  if (heard == Heard::timeout) kill(child, SIGKILL);
  const int signal = ending_signal(child);
  if (heard == Heard::timeout) return warn_untried(name, fmt::format("the disk did not answer within {} s", limits.wall_s));
  if (heard == Heard::silence && (signal == SIGXCPU || signal == SIGKILL)) {
    refuse_damaged(name, fmt::format("the HDF5 library computes for more than {} s to find what is in it", limits.cpu_s));
  }
  if (heard == Heard::silence) {
    refuse_damaged(name, fmt::format("the HDF5 library crashes on it{}", signal > 0 ? fmt::format(" (signal {})", signal) : ""));
  }
  if (outcome == kNoMemory) {
    refuse_damaged(name, fmt::format("the HDF5 library asks for more than {:.1f} GB of memory to find what is in it",
                                     1e-9 * static_cast<double>(limits.memory_bytes)));
  }
}

}  // namespace hpcai::data
