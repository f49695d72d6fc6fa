#pragma once

#include "commands.h"
#include "hpcai/runs/read_run.h"

// The parts of the command `runs`, each with its options.
namespace hpcai::app {

// Adds `runs` with the parts that read run folders alone, which need no LibTorch. Returns `runs`.
CLI::App& add_runs_readers(CommandLine& line);

void add_runs_list(CommandLine& line, CLI::App& runs);
void add_runs_show(CommandLine& line, CLI::App& runs);
void add_runs_diff(CommandLine& line, CLI::App& runs);
void add_runs_compare(CommandLine& line, CLI::App& runs);
void add_runs_rerun(CommandLine& line, CLI::App& runs);
void add_runs_verify(CommandLine& line, CLI::App& runs);

// Returns the summary, state, settings and faults of a run for programs.
nlohmann::json describe_run(const runs::Run& run);

}  // namespace hpcai::app
