#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "hpcai/core/error.h"

namespace hpcai {

// Starts a thread. Throws the error of process_limit() if the system refuses it. `purpose` completes the message "cannot start a
// thread ...", as in "that reads data".
std::thread start_thread(const std::string& purpose, std::function<void()> body);

// Returns the error for a thread or process that the system refuses (EAGAIN). The error names the limits that apply, ulimit -u
// and the cgroup's pids.max, and the settings to lower. `what` begins the message. `root` replaces "/" in the names of files.
LocalError process_limit(const std::string& what, const std::filesystem::path& root = "/");

// Throws process_limit(what) unless this process can start `count` more threads. Call it before a library that hangs or ends the
// process if it gets no thread.
void require_threads(int count, const std::string& what);

}  // namespace hpcai
