#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::trainer {
struct Experiment;
}

// One function for each sub-command: it adds its words to the command line and sets `run`, which main() calls and whose
// value is the exit status.
namespace hpcai::app {

using Run = std::function<int()>;

struct CommandLine {
  CLI::App app;
  std::vector<std::string> arguments;  // as given, without the program's name
  Run run;                             // of the chosen command
};

void add_train(CommandLine& line);
void add_check(CommandLine& line);
void add_info(CommandLine& line);
void add_keys(CommandLine& line);
void add_generate(CommandLine& line);
void add_evaluate(CommandLine& line);
void add_predict(CommandLine& line);
void add_bench(CommandLine& line);
void add_calibrate(CommandLine& line);
void add_plan(CommandLine& line);
void add_scaling(CommandLine& line);

// --config and --set, which several commands share.
struct ConfigOptions {
  std::string path;
  std::vector<std::string> overrides;

  void add_to(CLI::App& app, bool required = true);
  trainer::Experiment read() const;
};

// --nproc of a command that start_ranks() runs on several ranks.
void add_nproc(CLI::App& app, int& nproc);

// Starts `nproc` ranks of this command unless this process is one of them already; returns their exit status. Nothing
// if this process shall do the work itself.
std::optional<int> start_ranks(const CommandLine& line, int nproc, int64_t port);

}  // namespace hpcai::app
