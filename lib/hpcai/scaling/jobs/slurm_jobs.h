#pragma once

#include <set>
#include <string>
#include <vector>

#include "hpcai/scaling/study/study.h"

// A study's runs as Slurm jobs, one for each.
namespace hpcai::scaling {

struct SlurmOptions {
  int ranks_per_node = 4;  // one rank for each GPU
  int cpus_per_rank = 1;
  std::vector<std::string> directives;  // further options of sbatch, such as "--partition=gpu"
};

// The batch script of a run: see batch_script.h.
std::string job_script(const Study& study, const StudyRun& run, const SlurmOptions& options);
// That of the measurement from which larger worlds are predicted: on two ranks, of two nodes where the study spans nodes.
std::string calibration_script(const Study& study, const Member& member, const SlurmOptions& options, double seconds);

std::string job_name(const StudyRun& run);  // "galaxy-quickstart-world-4-repeat-2"
std::string calibration_job_name(const Member& member);

// Submits each run that is neither done nor waits or runs as an earlier job, and likewise a calibration of so many seconds
// for each experiment (0: none).
void submit_rest(const Study& study, const SlurmOptions& options, double calibration_s);

// Throws Error{usage} if there is no sbatch or squeue here.
void require_slurm();

// Hands a script to sbatch; returns the job's number. Throws Error{usage} with what sbatch says if it refuses.
std::string submit_script(const std::filesystem::path& script);

// The user's jobs that wait or run. Throws Error{peers_unreachable} if Slurm does not answer.
std::set<std::string> living_jobs();

}  // namespace hpcai::scaling
