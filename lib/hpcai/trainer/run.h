#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/distributed/world/world.h"

namespace hpcai::trainer {

struct Experiment;

enum class Resume { never, automatic, require };

struct RunOptions {
  std::optional<std::filesystem::path> run_dir;  // default: runs/<name>; with Resume::never the first free runs/<name>-<n>
  Resume resume = Resume::never;
  bool overwrite = false;
  std::vector<std::string> command;  // for command.txt
};

// Trains an experiment as one rank of `world`, in a run folder. Returns ExitCode::done or ExitCode::stopped as int.
int run_experiment(const Experiment& experiment, const distributed::World& world, const RunOptions& options);

}  // namespace hpcai::trainer
