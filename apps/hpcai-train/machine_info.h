#pragma once

#include <nlohmann/json_fwd.hpp>

namespace hpcai::app {

// Prints what `info` tells without a config: this program and machine. Returns the exit status.
int tell_machine(bool as_json);

// Prints what `info --system` tells: this machine, and what does not fit together. Returns the exit status.
int tell_system(bool as_json);

// Prints the entries of a report of `info`, one a line, except the tables of layers.
void print_info(const nlohmann::json& info, int indent = 0);

}  // namespace hpcai::app
