#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/config/origin.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/pause_point.h"

namespace hpcai::trainer {

struct Experiment;

enum class Resume {
  never,      // start a new run
  automatic,  // resume if the run folder has a checkpoint, otherwise start a new run
  require     // resume; an error if there is no checkpoint
};

struct RunOptions {
  std::optional<std::filesystem::path> run_dir;  // default: runs/<name>; with Resume::never the first free runs/<name>-<n>
  Resume resume = Resume::never;
  bool overwrite = false;            // remove the former content of the run folder
  PausePoint pause = {};             // ends the process with ExitCode::stopped before the end of the training
  std::vector<std::string> command;  // for command.txt
  config::Origins origins{};         // where the settings come from, for sources.json
};

// Trains an experiment as one rank of `world`, in a run folder. Returns ExitCode::done, or ExitCode::stopped after a stop signal
// and at options.pause, as int. Throws Error for every other end of the training.
int run_experiment(const Experiment& experiment, const distributed::World& world, const RunOptions& options);

}  // namespace hpcai::trainer
