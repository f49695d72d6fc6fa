#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "hpcai/runs/read_run.h"

// The parts of the command `runs`, each with its options.
namespace hpcai::app {

void add_runs_list(CommandLine& line, CLI::App& runs);
void add_runs_show(CommandLine& line, CLI::App& runs);
void add_runs_diff(CommandLine& line, CLI::App& runs);
void add_runs_compare(CommandLine& line, CLI::App& runs);
void add_runs_rerun(CommandLine& line, CLI::App& runs);
void add_runs_verify(CommandLine& line, CLI::App& runs);

// Returns the keys of all settings, those of lists with "[]".
std::vector<std::string> keys_of_settings();

// Whether a setting leaves the trained network unchanged. `key` may have positions. An unknown key changes it.
bool is_local_setting(const std::string& key);

// Returns the summary, state, settings and faults of a run for programs.
nlohmann::json describe_run(const runs::Run& run);

}  // namespace hpcai::app
