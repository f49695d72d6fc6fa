#pragma once

#include <string>
#include <vector>

namespace hpcai::scaling {

// While it lives, SIGINT, SIGTERM, SIGHUP and SIGUSR1 end nothing but are counted, and passed on by run_program. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool received() const;
};

// Starts this executable with `arguments` (without the program's name) and waits for it; returns its exit status, 128 + n for
// signal n, and 75 without starting it if there was a signal before. It has no input, its stdout goes to stderr, and it dies with
// this process. Signals that come meanwhile are passed on.
int run_program(const std::vector<std::string>& arguments, const StopSignals& signals);

}  // namespace hpcai::scaling
