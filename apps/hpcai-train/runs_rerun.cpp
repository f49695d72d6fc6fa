#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <optional>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/runs/compare_runs.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/text_table.h"
#include "hpcai/trainer/data_record.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/run.h"
#include "runs.h"

namespace hpcai::app {
namespace {

struct RerunOptions {
  std::string run, run_dir;
  bool check_only = false;
};

// What a repetition needs to know of the former run.
struct Repetition {
  runs::Run run;
  trainer::Experiment experiment;  // with the former number of threads
  int ranks = 1;
  std::string folder;                  // of the new run
  std::vector<std::string> obstacles;  // why the bits may differ
};

int ranks_of(const runs::Run& run) {
  auto ranks = runs::at_path(run.environment, "ranks");
  if (ranks.is_null()) ranks = runs::at_path(run.summary, "world_size");
  return ranks.is_number_integer() && ranks > 0 ? ranks.get<int>() : 1;
}

// LibTorch's sums depend on the number of threads, so a run that chose its number gets the same one.
std::vector<std::string> former_threads(const runs::Run& run) {
  const auto threads = runs::at_path(run.environment, "threads.default");
  if (runs::fact_of(run, "training.threads") != 0 || !threads.is_number_integer()) return {};
  return {fmt::format("training.threads={}", threads.get<int64_t>())};
}

Repetition make_plan(const RerunOptions& options) {
  Repetition plan{.run = runs::read_run(options.run), .experiment = {}, .folder = options.run_dir, .obstacles = {}};
  plan.experiment = config::read<trainer::Experiment>(plan.run.path / "config.yaml", former_threads(plan.run));
  plan.ranks = ranks_of(plan.run);
  if (plan.folder.empty()) plan.folder = runs::named_path(plan.run.path).string() + "-rerun";
  return plan;
}

void note_difference(Repetition& plan, const nlohmann::json& now, const char* key, const char* label) {
  const auto then = runs::at_path(plan.run.environment, key), present = runs::at_path(now, key);
  if (then == present) return;
  if (then.is_null()) return plan.obstacles.push_back(fmt::format("{}: the run has not recorded it", label));
  plan.obstacles.push_back(fmt::format("{}: {} then, {} now", label, runs::shown_value(then), runs::shown_value(present)));
}

// What docs/reproducibility.md says: the bits are those of one program, on one kind of machine, on as many ranks and threads.
void note_obstacles(Repetition& plan, int ranks) {
  const nlohmann::json now = runs::describe_run_environment();
  if (runs::at_path(plan.run.environment, "executable_sha256") != now.at("executable_sha256")) {
    note_difference(plan, now, "program_version", "program");
    note_difference(plan, now, "commit", "commit");
    note_difference(plan, now, "compiler", "compiler");
    if (plan.obstacles.empty()) plan.obstacles.emplace_back("executable: another build of the same commit");
  }
  note_difference(plan, now, "torch_version", "LibTorch");
  note_difference(plan, now, "cpu", "processor");
  const auto device = runs::at_path(plan.run.summary, "device");
  if (device.is_string() && device != "cpu") {
    note_difference(plan, now, "gpus", "GPUs");
    if (!plan.experiment.training.deterministic) plan.obstacles.emplace_back("GPU: training.deterministic is false");
  }
  const int64_t shards = plan.experiment.distributed.deterministic_shards;
  if (shards == 0 && ranks != plan.ranks) plan.obstacles.push_back(fmt::format("ranks: {} then, {} now", plan.ranks, ranks));
  if (shards == 0 && runs::at_path(plan.run.environment, "threads.default").is_null())
    plan.obstacles.emplace_back("threads: the run has not recorded them");
  if (!runs::at_path(plan.run.summary, "weights_sha256").is_string())
    plan.obstacles.emplace_back("weights: the run has not finished, so there are none to compare with");
}

void require_same_inputs(const Repetition& plan) {
  const auto weights = runs::at_path(plan.run.environment, "initial_weights");
  if (!weights.is_null()) trainer::refuse_changed_weights(weights, plan.run.path);
  const nlohmann::json recorded = runs::data_of(plan.run);
  if (recorded.empty()) return log::warning("the run has not recorded its data: whether they are the same is not known");
  std::string changes;
  try {
    changes = trainer::data_changes(recorded, trainer::describe_data(plan.experiment));
  } catch (const Error& error) {
    const auto folder = runs::at_path(plan.run.environment, "folder");
    if (error.code() != ExitCode::missing_input || !folder.is_string()) throw;
    throw Error(error.code(), error.what(),
                fmt::format("The run was started in {}; start there, or bring its data here.", runs::shown_value(folder)));
  } catch (const nlohmann::json::exception&) {
    return log::warning("another version of the program described the data: whether they are the same is not known");
  }
  if (changes.empty()) return;
  throw Error(ExitCode::bad_data, fmt::format("the data of the run in {} have changed:{}", printable(plan.run.path), changes),
              "Bring the former data back. Other data are another training: start it with --config.");
}

void tell(const Repetition& plan) {
  log::info("repeats    {} in {}", printable(plan.run.path), printable(std::string_view(plan.folder)));
  if (plan.obstacles.empty())
    return log::info("checks     program, machine, ranks, threads and data are the same: the bits must be, too");
  for (const std::string& text : plan.obstacles) log::warning("the bits may differ: {}", text);
}

int train(const Repetition& plan, const CommandLine& line, const distributed::World& world) {
  trainer::RunOptions run;
  run.run_dir = plan.folder;
  run.command = line.arguments;
  run.command.insert(run.command.begin(), "hpcai-train");
  std::vector<std::string> ignored;
  const nlohmann::json sources = runs::read_object(plan.run.path / "sources.json", ignored);
  for (const auto& [key, place] : sources.items()) {
    if (place.is_string()) run.origins[key] = place.get<std::string>();
  }
  if (!former_threads(plan.run).empty()) run.origins["training.threads"] = "the number of threads of " + plan.run.path.string();
  return trainer::run_experiment(plan.experiment, world, run);
}

// Tells whether the new weights are the former ones. Returns the exit status.
int compare_weights(const Repetition& plan) {
  const runs::Run repeated = runs::read_run(plan.folder);
  const auto then = runs::at_path(plan.run.summary, "weights_sha256"), now = runs::at_path(repeated.summary, "weights_sha256");
  if (!then.is_string() || !now.is_string()) return 0;
  if (then == now) {
    std::cout << fmt::format("the same bits: weights_sha256 {}\n", now.get<std::string>());
    return 0;
  }
  std::cout << fmt::format("other bits: weights_sha256 {:.12} then, {:.12} now\n", then.get<std::string>(),
                           now.get<std::string>());
  runs::TextTable table({"", "then", "now", ""});
  const auto parts = runs::compare_runs(plan.run, repeated);
  for (const auto& row : parts.back().differences) {
    if (!row.key.starts_with("validation.") && !row.key.starts_with("test.")) continue;
    table.add(
        {row.key, runs::shown_value(row.before), runs::shown_value(row.after), runs::relative_change(row.before, row.after)});
  }
  std::cout << table.text(2);
  if (!plan.obstacles.empty()) return 0;
  throw Error(ExitCode::bad_data, "the repetition has other weights, although nothing that decides them differs",
              "Check the memory and the processor of this machine; if it happens again, report it with both run folders.");
}

int rerun(const CommandLine& line, const RerunOptions& options) {
  Repetition plan = make_plan(options);
  const auto world = distributed::detect_world(process_environment(), static_cast<int>(plan.experiment.distributed.port));
  if (world.launcher == "nproc") return train(plan, line, world);  // this process is a rank of the parent below
  const bool starts_ranks = world.size == 1 && plan.ranks > 1;
  if (world.rank == 0) {
    note_obstacles(plan, starts_ranks ? plan.ranks : world.size);
    require_same_inputs(plan);
    tell(plan);
  }
  if (options.check_only) return 0;
  const int status =
      starts_ranks ? start_ranks(line, plan.ranks, plan.experiment.distributed.port).value_or(0) : train(plan, line, world);
  return status == 0 && world.rank == 0 ? compare_weights(plan) : status;
}

}  // namespace

void add_runs_rerun(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<RerunOptions>();
  CLI::App* app = runs.add_subcommand("rerun", "Repeat a run exactly, or say what stands against it");
  app->footer(
      "example: hpcai-train runs rerun runs/galaxy-quickstart --run-dir runs/again\n"
      "It trains with the settings, the ranks and the threads of the run, and compares the weights. Changed data end with status "
      "65.");
  app->add_option("run", options->run, "Folder of the run")->type_name("RUN")->required();
  app->add_option("--run-dir", options->run_dir, "Folder of the new run; default: that of the run with -rerun at the end")
      ->type_name("DIR");
  app->add_flag("--check", options->check_only, "Only check whether the bits can be the same");
  app->callback([&line, options] { line.run = [&line, options] { return rerun(line, *options); }; });
}

}  // namespace hpcai::app
