#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/scaling/slurm_jobs.h"

namespace hpcai::scaling {
namespace {

// jobs.json: the last job of each run, by the run's folder within the study.
nlohmann::json read_jobs(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return nlohmann::json::object();
  return nlohmann::json::parse(read_file(path));
}

}  // namespace

void submit_rest(const Study& study, const SlurmOptions& options) {
  const auto folder = study.folder / "jobs", list = folder / "jobs.json";
  make_folder(folder);
  nlohmann::json jobs = read_jobs(list);
  const auto living = living_jobs();
  int submitted = 0, waiting = 0, done = 0;
  for (const StudyRun& run : runs_of(study)) {
    const std::string key = std::filesystem::relative(run.folder, study.folder).string();
    if (is_done(run)) {
      ++done;
    } else if (living.contains(jobs.value(key, ""))) {
      ++waiting;
    } else {
      const auto script = folder / (job_name(run) + ".sh");
      replace_file(script, job_script(study, run, options));
      const std::string job = submit_script(script);
      jobs[key] = job;
      replace_file(list, jobs.dump(2) + "\n");
      log::info("study      {} is job {}", name_of(run), job);
      ++submitted;
    }
  }
  log::info("study      {} submitted now, {} in the queue, {} done; --collect instead of --submit writes the figure of what is done", submitted,
            waiting, done);
}

}  // namespace hpcai::scaling
