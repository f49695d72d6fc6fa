#include "hpcai/jobs/slurm.h"

#include <fmt/format.h>

#include <sstream>

#include "hpcai/core/ask_program.h"
#include "hpcai/core/error.h"

namespace hpcai::jobs {
void require_slurm() {
  for (const char* program : {"sbatch", "squeue"}) {
    if (!find_in_path(program).empty()) continue;
    throw Error(ExitCode::usage, fmt::format("--submit: there is no {} in PATH", program),
                "Submit on a login node of the cluster, or leave out --submit to run on this machine.");
  }
}

std::string submit_script(const std::filesystem::path& script) {
  const ProgramAnswer answer = ask_program({"sbatch", "--parsable", script.string()});
  if (answer.status != 0) {
    throw Error(ExitCode::usage, fmt::format("sbatch refuses {}: {}", script.string(), answer.text),
                "Give what your cluster wants with --sbatch, such as --sbatch=--partition=gpu --sbatch=--time=4:00:00.");
  }
  const std::string last = answer.text.substr(answer.text.find_last_of('\n') + 1);
  return last.substr(0, last.find(';'));  // sbatch prints "job" or "job;cluster"
}

std::set<std::string> living_jobs() {
  // %F: of an element of an array, the number of the array. %A has it for one of the elements only.
  const ProgramAnswer answer = ask_program({"squeue", "--me", "--noheader", "--format=%F"});
  if (answer.status != 0) {
    throw Error(ExitCode::peers_unreachable, fmt::format("squeue does not answer: {}", answer.text),
                "Try again when Slurm is up.");
  }
  std::istringstream words(answer.text);
  std::set<std::string> jobs;
  for (std::string word; words >> word;) jobs.insert(word);
  return jobs;
}

}  // namespace hpcai::jobs
