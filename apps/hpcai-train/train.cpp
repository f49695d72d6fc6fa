#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <memory>

#include "commands.h"
#include "hpcai/checkpoint/candidates.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/process.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/distributed/world/reunion.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/run.h"

namespace hpcai::app {
namespace {

struct TrainOptions {
  ConfigOptions config;
  std::string run_dir;
  std::string resume = "never";
  bool overwrite = false;
  int nproc = 0;
  int restarts = 0;
  trainer::PausePoint pause;
};

trainer::Resume resume_mode(const std::string& word) {
  if (word == "auto") return trainer::Resume::automatic;
  return word == "require" ? trainer::Resume::require : trainer::Resume::never;
}

// The rules of --restarts for the parent of --nproc. New ranks need a folder that the parent knows.
distributed::RestartRules restart_rules(const TrainOptions& options) {
  if (options.restarts == 0 || options.nproc == 0) return {};
  if (options.run_dir.empty()) {
    throw Error(ExitCode::usage, "--restarts needs the folder of the run", "Give --run-dir.");
  }
  const auto saved_step = [checkpoints = std::filesystem::path(options.run_dir) / "checkpoints"]() -> int64_t {
    if (!path_exists(checkpoints)) return -1;
    const auto steps = checkpoint::steps_in(checkpoints);
    return steps.empty() ? -1 : steps.back();
  };
  return {options.restarts, saved_step};
}

// Throws Error{usage} if nothing starts a lost rank of `world` again and no rank is left to go on.
void refuse_useless_restarts(const distributed::World& world) {
  if (world.most_restarts == 0 || world.launcher == "nproc" || distributed::Reunion(world).possible()) return;
  throw Error(ExitCode::usage,
              world.launcher == "torchrun" ? "--restarts has no effect under torchrun, which ends all ranks when one is lost"
                                           : "--restarts is for several ranks, or for those that --nproc starts",
              world.launcher == "torchrun"
                  ? "Use torchrun --max-restarts=N --run-dir DIR: restarted ranks go on from the newest checkpoint."
                  : "Give --nproc (1 is possible), or start several ranks.");
}

int train(const CommandLine& line, const TrainOptions& options) {
  end_on_stop_signals(/*speak=*/distributed::detect_world(process_environment()).rank == 0);
  if (options.config.path.empty()) {
    throw Error(ExitCode::usage, "no experiment is given", "Try: hpcai-train --config configs/waveform/quickstart.yaml");
  }
  if (options.overwrite && options.resume != "never") {
    throw Error(ExitCode::usage, "--overwrite and --resume contradict each other", "Give one of them.");
  }
  trainer::RunOptions run;
  const trainer::Experiment experiment = options.config.read(&run.origins);
  if (options.nproc > 0) trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  if (const auto status = start_ranks(line, options.nproc, experiment.distributed.port, restart_rules(options))) return *status;

  auto world = distributed::detect_world(process_environment(), static_cast<int>(experiment.distributed.port));
  world.most_restarts = options.restarts;
  refuse_useless_restarts(world);
  if (!world.hint.empty() && world.rank == 0) log::warning("{}", world.hint);
  if (!options.run_dir.empty()) run.run_dir = options.run_dir;
  run.resume = resume_mode(options.resume);
  run.overwrite = options.overwrite;
  run.pause = options.pause;
  run.command = line.arguments;
  run.command.insert(run.command.begin(), "hpcai-train");
  return trainer::run_experiment(experiment, world, run);
}

}  // namespace

void add_train(CommandLine& line) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& app = line.app;
  options->config.add_to(app, false);
  add_nproc(app, options->nproc);
  app.add_option("--restarts", options->restarts,
                 "Go on after the loss of ranks, at most this many times: --nproc starts a lost rank again, and with another "
                 "launcher the living ranks go on alone")
      ->type_name("N")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--run-dir", options->run_dir, "Folder for everything about this run; default runs/<name>")->type_name("DIR");
  app.add_option("--resume", options->resume,
                 "never: a new run; auto: go on from the newest checkpoint if there is one; require: fail if there is none")
      ->type_name("never|auto|require")
      ->check(CLI::IsMember({"never", "auto", "require"}));
  app.add_flag("--overwrite", options->overwrite, "Remove an earlier run in the same folder first");
  const CLI::Range from_1(int64_t{1}, std::numeric_limits<int64_t>::max());
  CLI::Option* epochs =
      app.add_option("--stop-after-epochs", options->pause.epochs,
                     "Save, evaluate and end with status 75 after this epoch of the run; --resume auto goes on");
  epochs->type_name("N")->check(from_1);
  app.add_option("--stop-after-steps", options->pause.steps, "The same after this step of the run")
      ->type_name("N")
      ->check(from_1)
      ->excludes(epochs);
  line.run = [&line, options] { return train(line, *options); };
}

}  // namespace hpcai::app
