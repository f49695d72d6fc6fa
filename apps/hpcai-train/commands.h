#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/config/keys.h"
#include "hpcai/config/origin.h"
#include "hpcai/distributed/world/launch.h"

namespace hpcai::trainer {
struct Experiment;
}

// Each sub-command has a function add_<command>(), which adds the options to the command line. If the user chooses the command,
// its callback sets CommandLine::run. main() calls `run` and exits with its result.
namespace hpcai::app {

using Run = std::function<int()>;

// The command line of the program.
struct CommandLine {
  CLI::App app;
  std::vector<std::string> arguments;                      // as given, without the program's name
  Run run;                                                 // the chosen command
  std::function<std::vector<config::KeyLine>()> settings;  // describes all settings, when a command asks for them
};

void add_train(CommandLine& line);
void add_check(CommandLine& line);
void add_info(CommandLine& line);
void add_keys(CommandLine& line);
void add_generate(CommandLine& line);
void add_convert(CommandLine& line);
void add_crossmatch(CommandLine& line);
void add_evaluate(CommandLine& line);
void add_predict(CommandLine& line);
void add_self_train(CommandLine& line);
void add_embed(CommandLine& line);
void add_explain(CommandLine& line);
void add_saliency(CommandLine& line);
void add_runs(CommandLine& line);
void add_status(CommandLine& line);
void add_completion(CommandLine& line);
void add_man(CommandLine& line);
void add_export(CommandLine& line);
void add_replay(CommandLine& line);
void add_report(CommandLine& line);
void add_bench(CommandLine& line);
void add_calibrate(CommandLine& line);
void add_plan(CommandLine& line);
void add_scaling(CommandLine& line);
void add_search(CommandLine& line);

// --config and --set, which several commands share.
struct ConfigOptions {
  std::string path;
  std::vector<std::string> overrides;

  void add_to(CLI::App& app, bool required = true);  // adds both options; `required`: --config must be given
  // Reads the config with its overrides. Throws Error{usage} that lists all faults, and Error{missing_input}. `origins`, if
  // given, receives the places of the settings.
  trainer::Experiment read(config::Origins* origins = nullptr) const;
};

// Prints a report on the standard output: as JSON for --json, otherwise as `print_text` does.
void print_report(const nlohmann::json& report, bool as_json, const std::function<void()>& print_text);

// Adds --nproc, for a command that start_ranks() can run on several ranks.
void add_nproc(CLI::App& app, int& nproc);

// If `nproc` is positive and this process is not yet one of its ranks, starts `nproc` ranks as child processes, waits for them
// and returns their exit status. Otherwise returns std::nullopt, and this process does the work as a rank. `restarts`: when the
// ranks are started again.
std::optional<int> start_ranks(const CommandLine& line, int nproc, int64_t port, const distributed::RestartRules& restarts = {});

}  // namespace hpcai::app
