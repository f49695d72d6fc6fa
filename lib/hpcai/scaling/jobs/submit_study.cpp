#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/jobs/slurm.h"
#include "hpcai/scaling/jobs/slurm_jobs.h"
#include "hpcai/scaling/model/calibration.h"

namespace hpcai::scaling {
namespace {

// jobs.json maps each run's folder within the study to the number of its last job.
nlohmann::json read_jobs(const std::filesystem::path& path) {
  if (!path_exists(path)) return nlohmann::json::object();
  auto jobs = try_parse_json(read_file(path));
  const bool good = jobs.is_object() && std::ranges::all_of(jobs, [](const auto& job) { return job.is_string(); });
  if (!good) throw Error(ExitCode::bad_data, fmt::format("{}: not a list of jobs", path.string()), "Remove it, and start again.");
  return jobs;
}

// The jobs of a study: which of them wait or run, and jobs.json.
class Jobs {
 public:
  explicit Jobs(std::filesystem::path folder) : folder_(std::move(folder)) {
    make_folder(folder_);
    numbers_ = read_jobs(list());
  }

  // Whether the last job of `key` waits or runs.
  bool lives(const std::string& key) const { return living_.contains(numbers_.value(key, "")); }

  // Writes `script` to <folder>/<name>.sh, submits it, records the job as `key` in jobs.json and returns its number.
  std::string submit(const std::string& key, const std::string& name, const std::string& script) {
    const auto path = folder_ / (name + ".sh");
    write_output(path, script);
    const std::string job = jobs::submit_script(path);
    numbers_[key] = job;
    write_output(list(), json_text(numbers_, 2) + "\n");
    return job;
  }

 private:
  std::filesystem::path list() const { return folder_ / "jobs.json"; }

  std::filesystem::path folder_;
  nlohmann::json numbers_;
  std::set<std::string> living_ = jobs::living_jobs();
};

void submit_calibrations(const Study& study, const SlurmOptions& options, double seconds, Jobs& jobs) {
  for (const Member& member : study.members) {
    const auto path = calibration_of(study, member);
    const std::string key = relative_path(path, study.folder).string();
    if (seconds <= 0 || jobs.lives(key) || find_calibration(path)) continue;
    const std::string job = jobs.submit(key, calibration_job_name(member), calibration_script(study, member, options, seconds));
    log::info("study      the measurement of {} for the prediction is job {}", member.name, job);
  }
}

}  // namespace

void submit_rest(const Study& study, const SlurmOptions& options, double calibration_s) {
  Jobs jobs(study.folder / "jobs");
  submit_calibrations(study, options, calibration_s, jobs);
  int submitted = 0, waiting = 0, done = 0;
  for (const StudyRun& run : runs_of(study)) {
    const std::string key = relative_path(run.folder, study.folder).string();
    if (is_done(run)) {
      ++done;
    } else if (jobs.lives(key)) {
      ++waiting;
    } else {
      log::info("study      {} is job {}", name_of(run), jobs.submit(key, job_name(run), job_script(study, run, options)));
      ++submitted;
    }
  }
  log::info(
      "study      {} submitted now, {} in the queue, {} done; --collect instead of --submit writes the figure of what is done",
      submitted, waiting, done);
}

}  // namespace hpcai::scaling
