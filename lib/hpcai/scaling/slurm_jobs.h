#pragma once

#include <set>
#include <string>
#include <vector>

#include "hpcai/scaling/study.h"

// A study's runs as Slurm jobs, one for each.
namespace hpcai::scaling {

struct SlurmOptions {
  int ranks_per_node = 4;                // one rank for each GPU
  std::vector<std::string> directives;   // further #SBATCH lines, such as "--partition=gpu"
};

// The batch script of a run: one task for each rank; it saves two minutes before its time ends, and queues itself again as
// long as the program asks for it (exit status 75).
std::string batch_script(const Study& study, const StudyRun& run, const SlurmOptions& options);

// Throws Error{usage} if there is no sbatch or squeue here.
void require_slurm();

// Hands a script to sbatch; returns the job's number. Throws Error{usage} with what sbatch says if it refuses.
std::string submit_script(const std::filesystem::path& script);

// The user's jobs that wait or run. Throws Error{peers_unreachable} if Slurm does not answer.
std::set<std::string> living_jobs();

}  // namespace hpcai::scaling
