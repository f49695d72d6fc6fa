#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/jobs/batch_script.h"
#include "hpcai/jobs/child_program.h"
#include "hpcai/scaling/plan/manifest.h"
#include "hpcai/scaling/plan/plan.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

struct PlanOptions {
  ConfigOptions config;
  int nodes = 1;
  int gpus_per_node = 0, ranks_per_node = 0;
  int cpus_per_rank = 0;
  std::optional<std::string> time;
  std::string calibration;
  std::string run_dir;
  bool one_machine = false, json = false;
  std::string script;               // "slurm", "kubernetes"; empty: the plan with the script of Slurm
  std::string kind, image, memory;  // of the manifest for Kubernetes; empty: automatic
  std::string claim = "hpcai-train";
};

scaling::PlanRequest request_of(const PlanOptions& options) {
  if ((options.gpus_per_node > 0) == (options.ranks_per_node > 0)) {
    throw Error(ExitCode::usage, "plan needs either --gpus-per-node (one rank for each GPU) or --ranks-per-node (CPU ranks)",
                "Example: hpcai-train plan --config FILE --nodes 16 --gpus-per-node 4");
  }
  scaling::PlanRequest request;
  request.gpus = options.gpus_per_node > 0;
  request.layout = {.nodes = options.nodes, .ranks_per_node = request.gpus ? options.gpus_per_node : options.ranks_per_node};
  if (options.one_machine) request.layout.ranks_sharing_cores = request.layout.ranks();
  request.cores_per_rank = request.gpus ? 0 : options.cpus_per_rank;
  if (options.time) request.time_s = jobs::parse_slurm_time(*options.time);
  if (!options.calibration.empty()) request.calibration = scaling::read_calibration(options.calibration);
  return request;
}

// --cpus-per-task, or the threads of the loader and of the computation if the config sets them, or a default.
int cpus_per_rank(const PlanOptions& options, const trainer::Experiment& experiment, const scaling::Plan& plan) {
  if (options.cpus_per_rank > 0) return options.cpus_per_rank;
  const auto loader = static_cast<int>(experiment.loader.threads), threads = static_cast<int>(experiment.training.threads);
  if (plan.gpus) return loader > 0 ? loader + 2 : 8;
  return threads > 0 ? threads + loader : plan.cores_per_rank;
}

jobs::BatchJob job_of(const PlanOptions& options, const trainer::Experiment& experiment, const scaling::Plan& plan) {
  jobs::BatchJob job;
  job.name = experiment.name;
  job.nodes = plan.layout.nodes;
  job.ranks_per_node = plan.layout.ranks_per_node;
  job.gpus = plan.gpus;
  job.cpus_per_rank = cpus_per_rank(options, experiment, plan);
  job.time_s = plan.time_s.value_or(0);
  job.command = {program_path(), "--config", absolute_path(options.config.path)};
  for (const std::string& override : options.config.overrides) job.command.insert(job.command.end(), {"--set", override});
  job.run_dir = options.run_dir.empty() ? "runs/" + experiment.name : options.run_dir;
  job.command.insert(job.command.end(), {"--run-dir", job.run_dir, "--resume", "auto"});
  return job;
}

scaling::ManifestKind kind_of(const PlanOptions& options, const scaling::Plan& plan) {
  using scaling::ManifestKind;
  if (options.kind.empty()) return plan.layout.nodes == 1 ? ManifestKind::job : ManifestKind::trainjob;
  if (options.kind != "job") return options.kind == "trainjob" ? ManifestKind::trainjob : ManifestKind::pytorchjob;
  if (plan.layout.nodes == 1) return ManifestKind::job;
  throw Error(ExitCode::usage, fmt::format("--kind job: a Job has one pod, so it cannot span {} nodes", plan.layout.nodes),
              "Use --kind trainjob or --kind pytorchjob, or --nodes 1.");
}

// Returns the run folder relative to /work, where the volume claim is mounted.
std::string folder_in_claim(const std::string& run_dir) {
  const auto path = (std::filesystem::path("/work") / run_dir).lexically_normal();
  const auto inside = path.lexically_relative("/work");
  if (!inside.empty() && *inside.begin() != ".." && inside != ".") return inside.string();
  throw Error(ExitCode::usage,
              fmt::format("--run-dir {}: a pod keeps only what lies in /work, on the volume claim", printable(run_dir)),
              "Give a path relative to /work, such as --run-dir runs/galaxy.");
}

// Texts of a config that name something on this machine which a pod does not have.
void find_foreign_paths(const config::Json& value, std::vector<std::string>& found) {
  if (value.is_structured()) {
    for (const auto& item : value) find_foreign_paths(item, found);
    return;
  }
  if (!value.is_string()) return;
  const auto text = value.get<std::string>();
  const auto path = std::filesystem::path(text).lexically_normal();
  const bool is_outside = path.is_absolute() || text.starts_with("..");
  if (!is_outside || text.starts_with("/work/") || text.starts_with("/opt/hpcai-train/")) return;
  // The name of a file may be a pattern. A path without a folder, "/images", may be one within HDF5.
  std::error_code code;
  const bool has_folder = path.parent_path() != path.root_path() && std::filesystem::exists(path.parent_path(), code);
  if (has_folder || std::filesystem::exists(path, code)) found.push_back(text);
}

void warn_of_foreign_paths(trainer::Experiment experiment) {
  std::vector<std::string> found;
  find_foreign_paths(config::store(experiment), found);
  for (const std::string& path : found) {
    log::warning("the config names {}, which a pod does not have: put it on the volume claim, and name it relative to /work",
                 printable(path));
  }
}

std::string manifest_of(const PlanOptions& options, const trainer::Experiment& experiment, const scaling::Plan& plan) {
  constexpr double kReserve = 1.5;  // for what the plan does not count, such as data that are kept in memory
  if (!scaling::is_kubernetes_name(options.claim)) {
    throw Error(ExitCode::usage, fmt::format("--claim: \"{}\" cannot be the name of a volume claim", printable(options.claim)),
                "It has lower case letters, digits, - and . only, as `kubectl get pvc` lists it.");
  }
  warn_of_foreign_paths(experiment);
  scaling::Manifest manifest;
  manifest.name = experiment.name;
  manifest.kind = kind_of(options, plan);
  manifest.ranks = plan.layout.ranks();
  manifest.gpus = plan.gpus;
  manifest.cpus_per_rank = cpus_per_rank(options, experiment, plan);
  manifest.memory_per_rank =
      options.memory.empty() ? kReserve * plan.node_memory_per_rank : scaling::parse_quantity(options.memory);
  manifest.image = !options.image.empty() ? options.image : fmt::format("hpcai-train:{}{}", kVersion, plan.gpus ? "-cuda13" : "");
  manifest.claim = options.claim;
  manifest.config = config::to_yaml(experiment);
  manifest.run_dir = folder_in_claim(options.run_dir.empty() ? "runs/" + experiment.name : options.run_dir);
  return scaling::write_manifest(manifest);
}

void refuse_options_of_kubernetes(const PlanOptions& options, const CLI::App& app) {
  if (options.script == "kubernetes") return;
  for (const char* name : {"--kind", "--image", "--claim", "--memory"}) {
    if (app.count(name) == 0) continue;
    throw Error(ExitCode::usage, fmt::format("{} belongs to --script kubernetes", name),
                "Add --script kubernetes, or leave it out.");
  }
}

int plan(const PlanOptions& options, const CLI::App& app) {
  refuse_options_of_kubernetes(options, app);
  const auto request = request_of(options);
  const auto experiment = options.config.read();
  const auto plan = scaling::make_plan(experiment, request);
  const std::string script = options.script == "kubernetes" ? manifest_of(options, experiment, plan)
                                                            : jobs::batch_script(job_of(options, experiment, plan));
  if (!options.script.empty()) {
    std::cerr << scaling::to_text(plan);
    std::cout << script;
    return 0;
  }
  auto report = scaling::to_json(plan);
  report["script"] = script;
  print_report(report, options.json, [&] { std::cout << scaling::to_text(plan) << "\n" << script; });
  return 0;
}

void add_kubernetes(CLI::App& app, PlanOptions& options) {
  app.add_option("--kind", options.kind,
                 "With --script kubernetes: one pod with all ranks (job, for one node), or one pod for each rank (pytorchjob of "
                 "Kubeflow 1, trainjob of Kubeflow 2). Default job for one node, else trainjob")
      ->type_name("job|pytorchjob|trainjob")
      ->check(CLI::IsMember({"job", "pytorchjob", "trainjob"}));
  app.add_option("--image", options.image, "With --script kubernetes: the container image; default that of scripts/containers")
      ->type_name("NAME");
  app.add_option("--claim", options.claim, "With --script kubernetes: volume claim for data and runs, mounted at /work")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option(
         "--memory", options.memory,
         "With --script kubernetes: memory of the node for each rank, such as 16Gi; default 1.5 times what the plan counts")
      ->type_name("SIZE");
}

}  // namespace

void add_plan(CommandLine& line) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* app =
      line.app.add_subcommand("plan", "Predict what a config needs on another machine, and print its batch script or manifest");
  app->footer(
      "examples: hpcai-train plan --config configs/resnet50/synthetic.yaml --nodes 16 --gpus-per-node 4 --time 4:00:00\n"
      "          hpcai-train plan --config FILE --nodes 4 --ranks-per-node 8 --calibration calibration.json --script > "
      "job.sbatch\n"
      "          hpcai-train plan --config FILE --gpus-per-node 2 --script kubernetes --claim my-volume | kubectl apply -f -\n"
      "Checks batches, shards, schedule, memory and disk, and predicts the time, from a calibration (see calibrate --help) or\n"
      "from figures that it names. docs/scaling.md states how accurate the predictions are.");
  options->config.add_to(*app);
  app->add_option("--nodes", options->nodes, "Nodes of the world to plan for")->type_name("N")->check(CLI::Range(1, 1 << 20));
  app->add_option("--gpus-per-node", options->gpus_per_node, "GPUs of each node, one rank for each")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app->add_option("--ranks-per-node", options->ranks_per_node, "CPU ranks on each node, instead of GPUs")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app->add_option("--cpus-per-task", options->cpus_per_rank,
                  "Cores for each rank in the batch script; a plan for CPU ranks assumes that each has this many")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app->add_option("--time", options->time, "Time limit of one job, as for Slurm: 4:00:00")->type_name("TIME");
  app->add_option("--calibration", options->calibration, "File that hpcai-train calibrate has written")->type_name("FILE");
  app->add_option("--run-dir", options->run_dir, "Run folder in the batch script; default runs/<name>")->type_name("DIR");
  app->add_flag("--one-machine", options->one_machine,
                "The nodes are containers or network namespaces of one machine and share its cores");
  app->add_flag("--json", options->json, "Print the plan as JSON");
  app->add_option("--script", options->script,
                  "Print only the batch script, or a manifest for Kubernetes; the plan goes to stderr. Without a value: slurm")
      ->type_name("slurm|kubernetes")
      ->expected(0, 1)
      ->default_str("slurm")
      ->check(CLI::IsMember({"slurm", "kubernetes"}))
      ->excludes("--json");
  add_kubernetes(*app, *options);
  app->callback([&line, options, app] { line.run = [options, app] { return plan(*options, *app); }; });
}

}  // namespace hpcai::app
