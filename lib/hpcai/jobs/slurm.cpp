#include "hpcai/jobs/slurm.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::jobs {
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

void require_slurm() {
  for (const char* program : {"sbatch", "squeue"}) {
    if (in_path(program)) continue;
    throw Error(ExitCode::usage, fmt::format("--submit: there is no {} in PATH", program),
                "Submit on a login node of the cluster, or leave out --submit to run on this machine.");
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
  // %F: of an element of an array, the number of the array. %A has it for one of the elements only.
  const Answer answer = ask({"squeue", "--me", "--noheader", "--format=%F"});
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
