#pragma once

#include <string>
#include <vector>

#include "commands.h"

namespace hpcai::app {

// Answers that are the same for every user and machine.
inline const std::vector<std::string> kShells = {"bash", "zsh", "fish"};
std::string completion_script(const CommandLine& line, const std::string& shell);
std::string manual_page(const CommandLine& line);
std::string explanation_of(const std::string& key);  // of a setting, without a config or a run

// A hidden command that the build runs: it prints what the program answers always alike, for start/quick_answer.cpp. `describe`
// adds all commands to a command line.
void add_fixed_answers(CommandLine& line, void (*describe)(CommandLine&));

}  // namespace hpcai::app
