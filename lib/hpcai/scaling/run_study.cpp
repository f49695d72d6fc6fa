#include "hpcai/scaling/run_study.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/metrics/run_folder.h"
#include "hpcai/scaling/child_program.h"
#include "hpcai/scaling/report.h"
#include "hpcai/scaling/study_folder.h"

namespace hpcai::scaling {
namespace {

constexpr int kStopped = static_cast<int>(ExitCode::stopped), kUsage = static_cast<int>(ExitCode::usage);

bool is_done(const StudyRun& run) {
  const Outcome outcome = read_outcome(run.folder, "loss");
  return outcome.finished() && outcome.world == run.world;
}

std::string name_of(const StudyRun& run) {
  return fmt::format("{} on {} rank{}{}", run.member->name, run.world, run.world == 1 ? "" : "s",
                     run.repeat > 1 ? fmt::format(", repeat {}", run.repeat) : "");
}

// Returns the exit status of the whole.
int run_here(const Study& study) {
  StopSignals signals;
  const auto runs = runs_of(study);
  int failure = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (is_done(runs[i])) {
      log::info("study      {} is done already", name_of(runs[i]));
      continue;
    }
    log::info("study      run {} of {}: {}", i + 1, runs.size(), name_of(runs[i]));
    const int status = run_program(arguments_of(study, runs[i], true), signals);
    if (signals.received() || status == kStopped) {
      log::info("study      stopped at {}; the same command goes on there", name_of(runs[i]));
      return status == 0 || signals.received() ? kStopped : status;
    }
    if (status == 0) continue;
    log::error("study      {} ended with exit status {}; see {}", name_of(runs[i]), status, (runs[i].folder / "log.txt").string());
    if (status == kUsage) return status;  // the same would be said of the others
    if (failure == 0) failure = status;
  }
  return failure;
}

nlohmann::json read_jobs(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return nlohmann::json::object();
  return nlohmann::json::parse(read_file(path));
}

// One job for each run that is neither done nor in the queue.
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
      std::string name = key;
      for (char& c : name) c = c == '/' ? '-' : c;
      const auto script = folder / (name + ".sh");
      replace_file(script, batch_script(study, run, options));
      jobs[key] = submit_script(script);
      replace_file(list, jobs.dump(2) + "\n");
      log::info("study      {} is job {}", name_of(run), jobs[key].get<std::string>());
      ++submitted;
    }
  }
  log::info("study      {} submitted now, {} in the queue, {} done; the same command with --collect instead of --submit writes the figure "
            "of what is done", submitted, waiting, done);
}

void warn_of_missed_targets(const std::vector<Curve>& curves) {
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      const auto finished = std::ranges::count_if(point.runs, [](const Outcome& run) { return run.finished() && !run.reached; });
      if (finished > 0) {
        log::warning("{} of {} runs of {} on {} ranks ended without reaching {}", finished, point.runs.size(), curve.name, point.world, describe(curve.target));
      }
    }
  }
}

}  // namespace

int run_study(const Study& study, StudyMode mode, const SlurmOptions& slurm, const std::vector<std::string>& command) {
  if (mode == StudyMode::submit) require_slurm();
  const StudyFolder folder(study);
  int status = 0;
  if (mode == StudyMode::run) status = run_here(study);
  if (mode == StudyMode::submit) submit_rest(study, slurm);
  const auto curves = write_report(folder.whole(), command);
  std::cout << table_of(curves) << std::flush;
  warn_of_missed_targets(curves);
  log::info("study      numbers in {}, figure in {}", (study.folder / "scaling.json").string(), (study.folder / "figure1.svg").string());
  return status;
}

}  // namespace hpcai::scaling
