#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "hpcai/core/error.h"

namespace hpcai {

// Starts a thread. Throws the error of process_limit() where the system refuses one. `purpose` completes "cannot start a
// thread ", as in "that reads data".
std::thread start_thread(const std::string& purpose, std::function<void()> body);

// The error for a thread or process that the system refuses (EAGAIN): it names the limits that hold here, ulimit -u and the
// cgroup's pids.max, and what to lower. `what` is the beginning of the message.
LocalError process_limit(const std::string& what, const std::filesystem::path& root = "/");

// Throws process_limit(what) unless `count` threads can exist besides those that run now. For libraries that hang or end the
// process where they get none.
void require_threads(int count, const std::string& what);

}  // namespace hpcai
