#include "hpcai/scaling/jobs/slurm_jobs.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/scaling/jobs/batch_script.h"
#include "hpcai/scaling/jobs/child_program.h"

namespace hpcai::scaling {
namespace {

struct Answer {
  int status = 0;
  std::string text;  // stdout and stderr
};

// Runs a command in a shell and waits for its end.
Answer ask(const std::vector<std::string>& command) {
  FILE* pipe = popen((shell_line(command) + " 2>&1").c_str(), "r");
  if (!pipe) return {127, "cannot start a shell"};
  Answer answer;
  std::array<char, 4096> buffer{};
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) answer.text.append(buffer.data(), count);
  const int status = pclose(pipe);
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!answer.text.empty() && answer.text.back() == '\n') answer.text.pop_back();
  return answer;
}

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

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

BatchJob job_of(const std::string& name, const Study& study, const Member& member, const SlurmOptions& options, int ranks) {
  BatchJob job;
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
  BatchJob job = job_of(job_name(run), absolute, *run.member, options, run.world);
  job.command = with_program(arguments_of(absolute, here, false));
  job.run_dir = here.folder.string();
  return batch_script(job);
}

std::string calibration_script(const Study& study, const Member& member, const SlurmOptions& options, double seconds) {
  const Study absolute = anywhere(study);
  const int ranks = calibration_ranks(study);
  BatchJob job = job_of(calibration_job_name(member), absolute, member, options, ranks);
  job.command = with_program(calibration_arguments(absolute, member, seconds));
  job.run_dir = calibration_of(absolute, member).parent_path().string();
  job.stops_on_signal = false;
  if (study.worlds.back() > options.ranks_per_node) {  // the link between nodes limits the speed, so that link is measured
    job.nodes = ranks;
    job.ranks_per_node = 1;
  }
  return batch_script(job);
}

void require_slurm() {
  for (const char* program : {"sbatch", "squeue"}) {
    if (in_path(program)) continue;
    throw Error(ExitCode::usage, fmt::format("--submit: there is no {} in PATH", program),
                "Submit on a login node of the cluster, or leave out --submit to run all worlds on this machine.");
  }
}

std::string submit_script(const std::filesystem::path& script) {
  const Answer answer = ask({"sbatch", "--parsable", script.string()});
  if (answer.status != 0) {
    throw Error(ExitCode::usage, fmt::format("sbatch refuses {}: {}", script.string(), answer.text),
                "Give what your cluster wants with --sbatch, such as --sbatch=--partition=gpu --sbatch=--time=4:00:00.");
  }
  const std::string last = answer.text.substr(answer.text.find_last_of('\n') + 1);
  return last.substr(0, last.find(';'));  // sbatch prints "job" or "job;cluster"
}

std::set<std::string> living_jobs() {
  const Answer answer = ask({"squeue", "--me", "--noheader", "--format=%A"});
  if (answer.status != 0) {
    throw Error(ExitCode::peers_unreachable, fmt::format("squeue does not answer: {}", answer.text),
                "Try again when Slurm is up.");
  }
  std::istringstream words(answer.text);
  std::set<std::string> jobs;
  for (std::string word; words >> word;) jobs.insert(word);
  return jobs;
}

}  // namespace hpcai::scaling
