#pragma once

#include <functional>
#include <string>

namespace hpcai::app {

// Runs `work` and writes what the threads of this process and its GPU did meanwhile, as a trace in JSON that ui.perfetto.dev
// shows. Throws Error{cannot_write}.
void trace(const std::string& file, bool gpu, const std::function<void()>& work);

}  // namespace hpcai::app
