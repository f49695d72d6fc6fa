#include "hpcai/scaling/jobs/child_program.h"

#include <signal.h>
#include <unistd.h>

#include <array>

#include "hpcai/core/error.h"
#include "hpcai/core/process.h"

namespace hpcai::scaling {
namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

volatile sig_atomic_t stop_count = 0, last_stop = 0;
struct sigaction previous_actions[kStopSignals.size()];

extern "C" void count_stop(int signal) {
  stop_count = stop_count + 1;
  last_stop = signal;
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

int run_program(const std::vector<std::string>& arguments, const StopSignals& signals) {
  std::vector<std::string> words{program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (signals.received()) return static_cast<int>(ExitCode::stopped);

  const pid_t child = start_process({.program = "/proc/self/exe", .arguments = std::move(words), .output_to_stderr = true});
  int passed_on = 0;
  while (true) {
    if (const auto status = poll_process(child)) return *status;
    if (passed_on < stop_count) {
      passed_on = stop_count;
      kill(child, last_stop);
    }
    usleep(20'000);
  }
}

}  // namespace hpcai::scaling
