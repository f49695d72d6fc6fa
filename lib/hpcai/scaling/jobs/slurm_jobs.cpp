#include "hpcai/scaling/jobs/slurm_jobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/paths.h"
#include "hpcai/core/process.h"
#include "hpcai/jobs/batch_script.h"

namespace hpcai::scaling {

std::string job_name(const StudyRun& run) {
  std::string name = run.member->name + "-" + run.folder.filename().string();
  std::ranges::replace(name, '/', '-');
  return name;
}

std::string calibration_job_name(const Member& member) { return member.name + "-calibration"; }

namespace {

// `study` with absolute paths, which are valid in every working folder.
Study anywhere(Study study) {
  study.folder = absolute_path(study.folder);
  return study;
}

jobs::BatchJob job_of(const std::string& name, const Study& study, const Member& member, const SlurmOptions& options, int ranks) {
  jobs::BatchJob job;
  job.name = name;
  job.ranks_per_node = std::min(ranks, options.ranks_per_node);
  job.nodes = (ranks + job.ranks_per_node - 1) / job.ranks_per_node;
  job.gpus = member.experiment.training.device != trainer::DeviceChoice::cpu;
  job.cpus_per_rank = options.cpus_per_rank;
  job.output = (study.folder / "jobs" / (name + ".txt")).string();
  job.folder = absolute_path(".").string();
  job.directives = {fmt::format("--ntasks={}", ranks)};
  job.directives.insert(job.directives.end(), options.directives.begin(), options.directives.end());
  return job;
}

std::vector<std::string> with_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program_path());
  return arguments;
}

}  // namespace

std::string job_script(const Study& study, const StudyRun& run, const SlurmOptions& options) {
  const Study absolute = anywhere(study);
  StudyRun here = run;
  here.folder = absolute_path(run.folder);
  jobs::BatchJob job = job_of(job_name(run), absolute, *run.member, options, run.world);
  job.command = with_program(arguments_of(absolute, here, false));
  job.run_dir = here.folder.string();
  return jobs::batch_script(job);
}

std::string calibration_script(const Study& study, const Member& member, const SlurmOptions& options, double seconds) {
  const Study absolute = anywhere(study);
  const int ranks = calibration_ranks(study);
  jobs::BatchJob job = job_of(calibration_job_name(member), absolute, member, options, ranks);
  job.command = with_program(calibration_arguments(absolute, member, seconds));
  job.run_dir = calibration_of(absolute, member).parent_path().string();
  job.stops_on_signal = false;
  if (study.worlds.back() > options.ranks_per_node) {  // the link between nodes limits the speed, so that link is measured
    job.nodes = ranks;
    job.ranks_per_node = 1;
  }
  return jobs::batch_script(job);
}

}  // namespace hpcai::scaling
