#pragma once

#include <string>
#include <vector>

namespace hpcai::scaling {

// During the lifetime of the object the stop signals (core/stop_signal.h) do not end this process. They are counted, and
// run_program sends them to its child. At most one object exists at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Whether one of these signals has arrived since the construction.
  bool received() const;
};

// Starts this executable with `arguments` (without the program's name) as a child and waits for its end. Returns the child's exit
// status, or 128 + n if signal n ended it. Returns 75 without starting the child if `signals` has received a signal before. The
// child has no input, writes its stdout to stderr, and dies with this process. A signal during the wait is sent to the child.
int run_program(const std::vector<std::string>& arguments, const StopSignals& signals);

}  // namespace hpcai::scaling
