#include "hpcai/scaling/slurm_jobs.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "hpcai/core/error.h"
#include "hpcai/metrics/run_folder.h"
#include "hpcai/scaling/child_program.h"

namespace hpcai::scaling {
namespace {

struct Answer {
  int status = 0;
  std::string text;  // stdout and stderr
};

Answer ask(const std::vector<std::string>& command) {
  FILE* pipe = popen((metrics::shell_line(command) + " 2>&1").c_str(), "r");
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

std::string batch_script(const Study& study, const StudyRun& run, const SlurmOptions& options) {
  const int per_node = std::min(run.world, options.ranks_per_node), nodes = (run.world + per_node - 1) / per_node;
  const std::string name = fmt::format("{}-world-{}{}", run.member->name, run.world, run.repeat > 1 ? fmt::format("-repeat-{}", run.repeat) : "");
  const bool gpu = run.member->experiment.training.device != trainer::DeviceChoice::cpu;
  const auto log = std::filesystem::absolute(study.folder / "jobs" / (name + ".txt"));
  std::string text = "#!/bin/bash\n";
  auto directive = [&](const std::string& words) { text += "#SBATCH " + words + "\n"; };
  directive("--job-name=" + name);
  directive(fmt::format("--nodes={}", nodes));
  directive(fmt::format("--ntasks={}", run.world));
  directive(fmt::format("--ntasks-per-node={}", per_node));
  if (gpu) directive(fmt::format("--gpus-per-node={}", per_node));
  directive("--output=" + log.string());
  directive("--open-mode=append");
  directive("--requeue");
  directive("--signal=TERM@120");
  for (const std::string& words : options.directives) directive(words);
  Study absolute = study;
  absolute.folder = std::filesystem::absolute(study.folder);
  StudyRun here = run;
  here.folder = std::filesystem::absolute(run.folder);
  std::vector<std::string> command = {"srun", "--kill-on-bad-exit=1", program_path()};
  for (const std::string& word : arguments_of(absolute, here, false)) command.push_back(word);
  text += fmt::format("\ncd {}\n{}\nstatus=$?\n", metrics::shell_line(std::vector{std::filesystem::current_path().string()}), metrics::shell_line(command));
  text += "# 75: stopped cleanly with its state saved, go on when there is time again\n";
  text += "if [ \"$status\" -eq 75 ]; then scontrol requeue \"$SLURM_JOB_ID\"; fi\nexit \"$status\"\n";
  return text;
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
  return last.substr(0, last.find(';'));  // "job;cluster"
}

std::set<std::string> living_jobs() {
  const Answer answer = ask({"squeue", "--me", "--noheader", "--format=%A"});
  if (answer.status != 0) {
    throw Error(ExitCode::peers_unreachable, fmt::format("squeue does not answer: {}", answer.text), "Try again when Slurm is up.");
  }
  std::istringstream words(answer.text);
  std::set<std::string> jobs;
  for (std::string word; words >> word;) jobs.insert(word);
  return jobs;
}

}  // namespace hpcai::scaling
