#pragma once

#include <string>
#include <vector>

#include "hpcai/scaling/study/study.h"

// Runs a study as Slurm jobs: one job for each run and one for each calibration.
namespace hpcai::scaling {

// What the user chooses for all jobs of a study.
struct SlurmOptions {
  int ranks_per_node = 4;  // each rank has one GPU
  int cpus_per_rank = 1;
  std::vector<std::string> directives = {};  // further options of sbatch, such as "--partition=gpu"
};

// The batch script of a run; see jobs/batch_script.h. Paths in it are absolute.
std::string job_script(const Study& study, const StudyRun& run, const SlurmOptions& options);
// The batch script of the calibration of an experiment, which lasts about `seconds`. It runs on calibration_ranks(study) ranks;
// each has a node of its own if the largest world of the study needs several nodes.
std::string calibration_script(const Study& study, const Member& member, const SlurmOptions& options, double seconds);

std::string job_name(const StudyRun& run);               // "galaxy-quickstart-world-4-repeat-2"
std::string calibration_job_name(const Member& member);  // "galaxy-quickstart-calibration"

// Submits each run that is not done and has no job that waits or runs. Submits a calibration of `calibration_s` seconds for each
// experiment that has none (0: no calibration). Records the jobs in <study>/jobs/jobs.json. Throws what submit_script and
// living_jobs of jobs/slurm.h throw, and Error{bad_data, cannot_write}.
void submit_rest(const Study& study, const SlurmOptions& options, double calibration_s);

}  // namespace hpcai::scaling
