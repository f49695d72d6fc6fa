#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Starts other programs, and describes this process.
namespace hpcai {

// Environment variables by name.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

// The path by which a user starts this program: this executable, or bin/hpcai-train if this is libexec/hpcai-train beside it.
std::string program_path();

// Replaces this process by another program, which keeps the process id, the open files and the blocked signals. `arguments` ends
// with a null pointer. Returns only if the system refuses, and then returns errno.
int become_program(const std::string& program, char* const* arguments);

// A program to start. It has no input. It has its own process group, so Ctrl-C reaches it once, through this process and not from
// the terminal as well. The kernel kills it when the thread that started it ends.
struct Command {
  std::string program;                                     // path of the executable
  std::vector<std::string> arguments;                      // the first one is the program's name
  std::optional<Environment> environment = std::nullopt;   // none: the environment of this process
  std::optional<sigset_t> blocked_signals = std::nullopt;  // none: the signals that this thread blocks now
  std::vector<int> kept_descriptors = {};                  // descriptors that stay open in the program
  bool output_to_stderr = false;                           // connects its standard output to this process's stderr
  std::string output = {};                                 // a file that its standard output and stderr are appended to
};

// Starts the program and returns its process id. A program that cannot be executed ends with status 127. Throws
// std::runtime_error if the system refuses another process.
pid_t start_process(const Command& command);

// Returns the exit status of a process that has ended, 128 + n for signal n; nothing while it runs. Throws std::runtime_error for
// a process that is not a child of this one.
std::optional<int> poll_process(pid_t process);

}  // namespace hpcai
