#pragma once

#include <string>
#include <vector>

namespace hpcai::jobs {

// The parameters of a Slurm job.
struct BatchJob {
  std::string name;
  int nodes = 1, ranks_per_node = 1;
  bool gpus = true;  // whether the job gets one GPU for each rank
  int cpus_per_rank = 1;
  double time_s = 0;     // time limit; 0: that of the queue
  std::string folder{};  // working folder; empty: the folder of the submission
  std::string output = "%x-%j.out";
  std::string array{};                    // "1-8": an array of so many jobs; empty: one job
  std::vector<std::string> directives{};  // further options of sbatch, such as "--partition=gpu"; they override those above
  std::vector<std::string> command{};     // the program and its arguments, which srun starts
  std::string run_dir{};        // run folder, which holds the checkpoints; in an array, each job has <run_dir>/<its number>
  bool stops_on_signal = true;  // the command saves and exits with 75 on SIGUSR1; false: Slurm sends it no signal
};

// Seconds before the time limit at which Slurm asks the job to stop.
inline constexpr double kSignalLead_s = 120;

// A Slurm batch script that starts one task for each rank. Slurm sends a signal before the time limit; the program saves and
// exits with 75; the script queues the job again. The script ends with the text of scripts/slurm/run_job.sh.
std::string batch_script(const BatchJob& job);

// Reads a Slurm time and returns seconds. Formats: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
// days-hours:minutes, days-hours:minutes:seconds. Throws Error{usage} for other text and for zero.
double parse_slurm_time(const std::string& text);
// "04:00:00" or "1-12:00:00"; fractions of a second are rounded up.
std::string format_slurm_time(double seconds);

}  // namespace hpcai::jobs
