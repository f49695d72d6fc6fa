#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/process.h"

namespace hpcai::jobs {

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
  int count() const;  // how many have arrived
  int last() const;   // the last of them; 0 if there was none
};

// Starts this executable with `arguments` (without the program's name) as a child and returns its process id, for poll_process().
// The child has no input, writes its stdout to stderr, and dies with this process. `environment`: instead of this process's.
// `output`: a file that both outputs of the child are appended to. Throws Error{cannot_write} if it cannot be opened.
pid_t start_program(const std::vector<std::string>& arguments, std::optional<Environment> environment = std::nullopt,
                    const std::string& output = "");

// Starts a child as start_program() does and waits for its end. Returns the child's exit status, or 128 + n if signal n ended it.
// Returns 75 without starting the child if `signals` has received a signal before. A signal during the wait is sent to the child.
int run_program(const std::vector<std::string>& arguments, const StopSignals& signals);

}  // namespace hpcai::jobs
