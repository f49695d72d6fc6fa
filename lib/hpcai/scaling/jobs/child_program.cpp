#include "hpcai/scaling/jobs/child_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "hpcai/core/error.h"

namespace hpcai::scaling {
namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

volatile sig_atomic_t stop_count = 0, last_stop = 0;
struct sigaction previous_actions[kStopSignals.size()];

extern "C" void count_stop(int signal) {
  stop_count = stop_count + 1;
  last_stop = signal;
}

// Its own process group, so that Ctrl-C reaches it once, through us, and not from the terminal too.
[[noreturn]] void become(char* const* arguments, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(128 + SIGKILL);
  const int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(127);
}

}  // namespace

StopSignals::StopSignals() {
  stop_count = 0;
  struct sigaction action {};
  action.sa_handler = count_stop;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &action, &previous_actions[i]);
}

StopSignals::~StopSignals() {
  for (size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &previous_actions[i], nullptr);
}

bool StopSignals::received() const { return stop_count > 0; }

std::string program_path() {
  std::array<char, 4096> path{};
  return readlink("/proc/self/exe", path.data(), path.size() - 1) > 0 ? path.data() : "hpcai-train";
}

int run_program(const std::vector<std::string>& arguments, const StopSignals& signals) {
  std::vector<std::string> words{program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  if (signals.received()) return static_cast<int>(ExitCode::stopped);

  const pid_t parent = getpid(), child = fork();
  if (child < 0) throw std::runtime_error(fmt::format("cannot start a program: {}", std::strerror(errno)));
  if (child == 0) become(pointers.data(), parent);
  setpgid(child, child);
  int passed_on = 0, status = 0;
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) throw std::runtime_error(fmt::format("cannot wait for a program: {}", std::strerror(errno)));
    if (passed_on < stop_count) {
      passed_on = stop_count;
      kill(child, last_stop);
    }
    usleep(20'000);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace hpcai::scaling
