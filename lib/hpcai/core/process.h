#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Programs that this process starts, and what it knows of itself.
namespace hpcai {

// Environment variables by name.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

// The path of this executable.
std::string program_path();

// A program to start. It has no input, a process group of its own (so that Ctrl-C reaches it once, through this process
// and not from the terminal too), and is killed when the thread that started it ends.
struct Command {
  std::string program;                                     // path of the executable
  std::vector<std::string> arguments;                      // the first is the program's name
  std::optional<Environment> environment = std::nullopt;   // none: this process's own
  std::optional<sigset_t> blocked_signals = std::nullopt;  // none: those blocked now in this thread
  int kept_descriptor = -1;                                // stays open in the program
  bool output_to_stderr = false;
};

// Starts the program and returns its process id; a program that cannot be executed ends with status 127. Throws
// std::runtime_error if the system refuses a further process.
pid_t start_process(const Command& command);

// The exit status of a process that has ended, 128 + n for signal n; nothing while it runs. Throws std::runtime_error
// for a process that is no child of this one.
std::optional<int> poll_process(pid_t process);

}  // namespace hpcai
