#pragma once

#include <functional>
#include <string>

namespace hpcai::app {

// Runs `work` and records the operations of this process's threads and, with `gpu`, of its GPU. Writes them to `file`, the
// --trace of a command, as a JSON trace, which ui.perfetto.dev displays. Throws Error{cannot_write} and leaves nothing behind
// then.
void trace(const std::string& file, bool gpu, const std::function<void()>& work);

}  // namespace hpcai::app
