#pragma once

#include "commands.h"

namespace hpcai::app {

// A hidden command that the build runs: it prints what the program answers always alike, for start/quick_answer.cpp. `describe`
// adds all commands to a command line.
void add_fixed_answers(CommandLine& line, void (*describe)(CommandLine&));

}  // namespace hpcai::app
