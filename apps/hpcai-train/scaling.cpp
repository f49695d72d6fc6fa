#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/process.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/jobs/slurm.h"
#include "hpcai/scaling/study/run_study.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

constexpr const char* kScalingFooter =
    "example: hpcai-train scaling --config configs/waveform/quickstart.yaml --world 1,2,4\n"
    "           --set evaluation.target_metric=overlap_median --set evaluation.target_value=0.9\n"
    "Each world is a normal run in DIR/<name>/world-<n>, which ends when it has reached its target. The same command resumes a\n"
    "stopped study. Writes DIR/scaling.json and DIR/figure1.svg.";

struct ScalingOptions {
  scaling::StudyRequest request;
  scaling::StudyOptions study;
  std::vector<std::string> configs;
  std::string folder = "runs/scaling";
  bool submit = false;
  bool collect = false;
};

int study_scaling(const CommandLine& line, const ScalingOptions& options) {
  const auto world = distributed::detect_world(process_environment());
  if (world.size > 1) {
    throw Error(
        ExitCode::usage,
        fmt::format("scaling starts its ranks itself, but {} has started this command {} times", world.launcher, world.size),
        "Start it once, without a launcher; on Slurm with --submit.");
  }
  scaling::StudyRequest request = options.request;
  request.configs.assign(options.configs.begin(), options.configs.end());
  request.folder = options.folder;
  scaling::StudyOptions study = options.study;
  if (options.collect) study.mode = scaling::StudyMode::collect;
  if (options.submit) study.mode = scaling::StudyMode::submit;
  if (options.submit) jobs::require_slurm();
  std::vector<std::string> command = line.arguments;
  command.insert(command.begin(), "hpcai-train");
  return scaling::run_study(scaling::plan_study(request), study, command);
}

}  // namespace

void add_scaling(CommandLine& line) {
  auto options = std::make_shared<ScalingOptions>();
  CLI::App* app =
      line.app.add_subcommand("scaling", "Time to a stated quality on several numbers of ranks, as numbers and as a figure");
  app->footer(kScalingFooter);
  auto repeatable = [&](const std::string& name, std::vector<std::string>& words, const std::string& help) {
    return app->add_option(name, words, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  repeatable("--config", options->configs, "YAML file of an experiment; a second --config makes a second panel")
      ->required()
      ->type_name("FILE");
  app->add_option("--world", options->request.worlds, "Numbers of ranks")->required()->type_name("1,2,4,...")->take_last();
  app->add_flag("--weak", options->request.weak,
                "The config's global batch is that of one rank; n ranks train with n times as much");
  app->add_option("--samples-per-pass", options->request.samples_per_pass,
                  "Most samples in one pass of a rank: sets training.accumulation where few ranks share a batch")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  app->add_option("--repeats", options->request.repeats, "Runs of each world, with different seeds")
      ->type_name("N")
      ->take_last()
      ->check(CLI::Range(1, 1000));
  repeatable("--set", options->request.overrides, "Set one key of all experiments, or of one: --set NAME:optimizer.lr=1e-3")
      ->type_name("[NAME:]KEY=VALUE");
  app->add_option("--out", options->folder, "Folder of the study; default runs/scaling")->type_name("DIR")->take_last();
  app->add_option("--calibrate", options->study.calibration_s,
                  "Seconds of the calibration for the prediction of larger worlds; 0 for no prediction; default 60")
      ->type_name("S")
      ->take_last()
      ->check(CLI::Range(0.0, 3600.0));
  CLI::Option* submit = app->add_flag("--submit", options->submit, "Submit each run that is not done as a Slurm job");
  app->add_flag("--collect", options->collect, "Start no run; report the runs that exist")->excludes(submit);
  app->add_option("--ranks-per-node", options->study.slurm.ranks_per_node, "With --submit: ranks, and GPUs, of a node; default 4")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app->add_option("--cpus-per-rank", options->study.slurm.cpus_per_rank, "With --submit: cores for each rank; default 1")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  repeatable("--sbatch", options->study.slurm.directives, "With --submit: an option of sbatch, such as --sbatch=--partition=gpu")
      ->type_name("OPTION");
  app->callback([&line, options] { line.run = [&line, options] { return study_scaling(line, *options); }; });
}

}  // namespace hpcai::app
