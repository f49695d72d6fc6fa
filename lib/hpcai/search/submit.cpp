#include "hpcai/search/submit.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/jobs/batch_script.h"
#include "hpcai/jobs/slurm.h"

namespace hpcai::search {
namespace {

std::filesystem::path job_file(const Search& search) { return search.folder / "jobs" / "job.json"; }

// The number of the last array; empty if there is none.
std::string last_job(const Search& search) {
  const auto path = job_file(search);
  if (!path_exists(path)) return "";
  const auto json = try_parse_json(read_file(path));
  if (json.is_object() && json.contains("job") && json["job"].is_string()) return json["job"].get<std::string>();
  throw Error(ExitCode::bad_data, fmt::format("{}: no number of a job", path.string()), "Remove it, and submit again.");
}

}  // namespace

std::string array_script(const Search& search, int64_t trials, const SlurmOptions& options) {
  const auto folder = absolute_path(search.folder);
  const int ranks = std::max(1, search.nproc);
  jobs::BatchJob job;
  job.name = search.experiment.name + "-search";
  job.gpus = false;  // the worker is one task, and its trial has `ranks` GPUs
  job.cpus_per_rank = options.cpus_per_rank * ranks;
  job.folder = absolute_path(".").string();
  job.output = (folder / "jobs" / "worker-%a.txt").string();
  job.array = fmt::format("1-{}", options.workers);
  if (search.experiment.training.device != trainer::DeviceChoice::cpu) job.directives = {fmt::format("--gres=gpu:{}", ranks)};
  job.directives.insert(job.directives.end(), options.directives.begin(), options.directives.end());
  job.command = {program_path(), "search",
                 "--config",     (folder / "config.yaml").string(),
                 "--space",      (folder / "space.yaml").string(),
                 "--out",        folder.string(),
                 "--trials",     std::to_string(trials),
                 "--worker-of",  std::to_string(options.workers)};
  if (search.nproc > 0) job.command.insert(job.command.end(), {"--nproc", std::to_string(search.nproc)});
  job.run_dir = (folder / "workers").string();
  return jobs::batch_script(job);
}

bool is_submitted(const Search& search) {
  const std::string before = last_job(search);
  if (before.empty() || !jobs::living_jobs().contains(before)) return false;
  log::info("search     job {} waits or runs; --collect shows what is done", before);
  return true;
}

void submit(const Search& search, int64_t trials, const SlurmOptions& options) {
  if (is_submitted(search)) return;
  make_folder(search.folder / "jobs");
  make_workers(search, options.workers);
  const auto script = search.folder / "jobs" / "search.sh";
  write_output(script, array_script(search, trials, options));
  const std::string job = jobs::submit_script(script);
  write_output(job_file(search), json_text(nlohmann::json{{"job", job}, {"workers", options.workers}}) + "\n");
  log::info("search     {} are job {}; --collect instead of --submit shows what is done", plural(options.workers, "worker"), job);
}

int worker_number(const Environment& environment, int workers) {
  const auto found = environment.find("SLURM_ARRAY_TASK_ID");
  const auto number = found == environment.end() ? std::nullopt : parse_number<int>(found->second);
  if (number && *number >= 1 && *number <= workers) return *number;
  throw Error(ExitCode::usage, fmt::format("--worker-of {}: SLURM_ARRAY_TASK_ID is not a number from 1 to {}", workers, workers),
              "The batch script of --submit uses this option; leave it out.");
}

}  // namespace hpcai::search
