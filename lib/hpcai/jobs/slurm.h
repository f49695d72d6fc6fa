#pragma once

#include <filesystem>
#include <set>
#include <string>

// Calls of Slurm's programs.
namespace hpcai::jobs {

// Throws Error{usage} if sbatch or squeue is not in PATH.
void require_slurm();

// Submits a script with sbatch and returns the number of the job. Throws Error{usage} with the output of sbatch if sbatch fails.
std::string submit_script(const std::filesystem::path& script);

// The numbers of the user's jobs that wait or run; an array counts as one job. Throws Error{peers_unreachable} if squeue fails.
std::set<std::string> living_jobs();

}  // namespace hpcai::jobs
