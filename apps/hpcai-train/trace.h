#pragma once

#include <functional>
#include <string>

namespace hpcai::app {

// Runs `work` and writes what the threads of this process and its GPU did meanwhile, as a trace in JSON that ui.perfetto.dev
// shows.
void trace(const std::string& file, bool gpu, const std::function<void()>& work);

// Throws Error{cannot_write}: for the time before the work.
void check_trace(const std::string& file);

}  // namespace hpcai::app
