#pragma once

#include <functional>

#include "hpcai/core/streams.h"

// How both executables begin, report a failure and end.
namespace hpcai::app {

// Prepares the streams, the limits and the log of this process. Call it first in main().
void begin();

// Calls `run` and returns its exit status. Reports what it throws, and returns the status of that.
int guarded(const std::function<int()>& run);

// Turns a failed write to the standard output into exit status 74, unless the command has failed already. A reader that has
// closed its end of the pipe is not a failure.
int finish(StandardOutput& output, int status);

}  // namespace hpcai::app
