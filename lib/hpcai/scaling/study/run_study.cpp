#include "hpcai/scaling/study/run_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/jobs/child_program.h"
#include "hpcai/jobs/slurm.h"
#include "hpcai/scaling/model/calibration.h"
#include "hpcai/scaling/study/report.h"
#include "hpcai/scaling/study/study_folder.h"

namespace hpcai::scaling {
namespace {

constexpr int kStopped = static_cast<int>(ExitCode::stopped), kUsage = static_cast<int>(ExitCode::usage);

// Calibrates each experiment that has no calibration yet. A failure is a warning, because the study is useful without prediction.
void calibrate_here(const Study& study, double seconds, const jobs::StopSignals& signals) {
  for (const Member& member : study.members) {
    if (seconds <= 0 || signals.received() || find_calibration(calibration_of(study, member))) continue;
    log::info("study      measuring {} for the prediction, about {:.0f} s", member.name, seconds);
    auto arguments = calibration_arguments(study, member, seconds);
    arguments.insert(arguments.end(), {"--nproc", std::to_string(calibration_ranks(study))});
    const int status = jobs::run_program(arguments, signals);
    if (status != 0 && !signals.received()) log::warning("study      no prediction for {}: exit status {}", member.name, status);
  }
}

// Runs what is left of the study on this machine. Returns the exit status of the command.
int run_here(const Study& study, double calibration_s) {
  jobs::StopSignals signals;
  calibrate_here(study, calibration_s, signals);
  const auto runs = runs_of(study);
  int failure = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (is_done(runs[i])) {
      log::info("study      {} is done already", name_of(runs[i]));
      continue;
    }
    log::info("study      run {} of {}: {}", i + 1, runs.size(), name_of(runs[i]));
    const int status = jobs::run_program(arguments_of(study, runs[i], true), signals);
    if (status == kStopped || signals.received()) {
      log::info("study      stopped at {}; the same command goes on there", name_of(runs[i]));
      return status == 0 ? kStopped : status;
    }
    if (status == 0) continue;
    log::error("study      {} ended with exit status {}; see {}", name_of(runs[i]), status,
               (runs[i].folder / "log.txt").string());
    if (status == kUsage) return status;  // the other runs would fail for the same reason
    if (failure == 0) failure = status;
  }
  return failure;
}

void warn_of_missed_targets(const std::vector<Curve>& curves) {
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      const auto finished = std::ranges::count_if(point.runs, [](const Outcome& run) { return run.finished() && !run.reached; });
      if (finished > 0) {
        log::warning("{} of {} runs of {} on {} ranks ended without reaching {}", finished, point.runs.size(), curve.name,
                     point.world, describe(curve.target));
      }
    }
  }
}

}  // namespace

int run_study(const Study& study, const StudyOptions& options, const std::vector<std::string>& command) {
  if (options.mode == StudyMode::submit) jobs::require_slurm();
  if (options.mode == StudyMode::collect && !path_exists(study.folder / "study.json")) {
    throw Error(ExitCode::missing_input, fmt::format("{} holds no study", study.folder.string()),
                "Give the folder of a study with --out.");
  }
  const StudyFolder folder(study);
  int status = 0;
  if (options.mode == StudyMode::run) status = run_here(study, options.calibration_s);
  if (options.mode == StudyMode::submit) submit_rest(study, options.slurm, options.calibration_s);
  const auto curves = write_report(folder.whole(), options.slurm.ranks_per_node, command);
  std::cout << table_of(curves) << std::flush;
  warn_of_missed_targets(curves);
  log::info("study      numbers in {}, figure in {}", (study.folder / "scaling.json").string(),
            (study.folder / "figure1.svg").string());
  return status;
}

}  // namespace hpcai::scaling
