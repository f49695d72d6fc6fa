#include "hpcai/jobs/child_program.h"

#include <signal.h>
#include <unistd.h>

#include "hpcai/core/append_file.h"
#include "hpcai/core/error.h"
#include "hpcai/core/stop_signal.h"

namespace hpcai::jobs {
namespace {

volatile sig_atomic_t stop_count = 0, last_stop = 0;
struct sigaction previous_actions[NSIG];

extern "C" void count_stop(int signal) {
  stop_count = stop_count + 1;
  last_stop = signal;
}

}  // namespace

StopSignals::StopSignals() {
  stop_count = 0;
  last_stop = 0;
  struct sigaction action {};
  action.sa_handler = count_stop;
  sigemptyset(&action.sa_mask);
  for (const int signal : stop_signals()) sigaction(signal, &action, &previous_actions[signal]);
}

StopSignals::~StopSignals() {
  for (const int signal : stop_signals()) sigaction(signal, &previous_actions[signal], nullptr);
}

bool StopSignals::received() const { return stop_count > 0; }

int StopSignals::count() const { return stop_count; }

int StopSignals::last() const { return last_stop; }

pid_t start_program(const std::vector<std::string>& arguments, std::optional<Environment> environment,
                    const std::string& output) {
  if (!output.empty()) AppendFile{output};  // throws if the child could not open it
  std::vector<std::string> words{program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return start_process({.program = "/proc/self/exe",
                        .arguments = std::move(words),
                        .environment = std::move(environment),
                        .output_to_stderr = output.empty(),
                        .output = output});
}

int run_program(const std::vector<std::string>& arguments, const StopSignals& signals) {
  if (signals.received()) return static_cast<int>(ExitCode::stopped);
  const pid_t child = start_program(arguments);
  int passed_on = 0;
  while (true) {
    if (const auto status = poll_process(child)) return *status;
    if (passed_on < signals.count()) {
      passed_on = signals.count();
      kill(child, signals.last());
    }
    usleep(20'000);
  }
}

}  // namespace hpcai::jobs
