#pragma once

#include <string>
#include <vector>

namespace hpcai::scaling {

struct BatchJob {
  std::string name;
  int nodes = 1, ranks_per_node = 1;
  bool gpus = true;  // one for each rank
  int cpus_per_rank = 1;
  double time_s = 0;     // limit; 0: the queue's own
  std::string folder{};  // to start in; empty: where it is submitted
  std::string output = "%x-%j.out";
  std::vector<std::string> directives{};  // further options of sbatch, such as "--partition=gpu"; they win over those above
  std::vector<std::string> command{};     // after srun
  std::string run_dir{};                  // where its checkpoints are
  bool stops_on_signal = true;            // saves and exits 75 on SIGUSR1; else it is not signalled before the time limit
};

// Seconds before the time limit at which Slurm asks the job to stop.
inline constexpr double kSignalLead_s = 120;

// A Slurm batch script: one task for each rank; a signal before the time limit makes the program save and exit 75, and the script
// queues the job again, as scripts/slurm/run_job.sh does, which it contains.
std::string batch_script(const BatchJob& job);

// Seconds of a Slurm time: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes and
// days-hours:minutes:seconds. Throws Error{usage}.
double parse_slurm_time(const std::string& text);
std::string format_slurm_time(double seconds);

}  // namespace hpcai::scaling
