#pragma once

#include <functional>
#include <string>

namespace hpcai::app {

// Runs `work` and records the operations of this process's threads and, with `gpu`, of its GPU. Writes them to `file` as a JSON
// trace, which ui.perfetto.dev displays.
void trace(const std::string& file, bool gpu, const std::function<void()>& work);

// Throws Error{cannot_write} if `file` cannot be written. Called before the work begins.
void check_trace(const std::string& file);

}  // namespace hpcai::app
