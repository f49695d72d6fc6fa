#pragma once

#include <string>
#include <vector>

// Asks another program, through the shell.
namespace hpcai {

struct ProgramAnswer {
  int status = 0;    // its exit status; 127 if it cannot be started, 128 if a signal ended it
  std::string text;  // stdout and stderr, without line ends at the end
};

// Runs a command without input and waits for its end. A program without a slash is looked for in PATH. Of a very long answer only
// the first 64 MiB are kept.
ProgramAnswer ask_program(const std::vector<std::string>& command);

// Returns the path of the program of this name in the folders of PATH; empty if there is none. A name with a slash is the path.
std::string find_in_path(const std::string& program);

}  // namespace hpcai
