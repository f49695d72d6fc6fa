#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/world/world.h"

// Starts the program `ranks` as a launcher would, and judges how it ends.
using hpcai::Environment;

using Words = std::vector<std::string>;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hpcai-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ / name; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Limits {
  rlim_t file_blocks = RLIM_INFINITY;  // size of a file, in KiB
};

// One run of the program `ranks`, in a process group of its own.
class Program {
 public:
  Program(Words arguments, const Environment& more = {}, Limits limits = {}) {
    arguments.insert(arguments.begin(), HPCAI_RANKS);
    process_ = fork();
    if (process_ == 0) {
      setpgid(0, 0);
      const int out = open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
      if (limits.file_blocks != RLIM_INFINITY) {
        const rlimit limit{limits.file_blocks << 10, limits.file_blocks << 10};
        setrlimit(RLIMIT_FSIZE, &limit);
      }
      for (const auto& [name, value] : more) setenv(name.c_str(), value.c_str(), 1);
      std::vector<char*> pointers;
      for (auto& word : arguments) pointers.push_back(word.data());
      pointers.push_back(nullptr);
      execv(HPCAI_RANKS, pointers.data());
      _exit(127);
    }
    setpgid(process_, process_);
  }
  ~Program() {
    if (!ended_) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
  }

  // Exit status, 128 + n for signal n.
  int status() {
    int status = 0;
    waitpid(process_, &status, 0);
    ended_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  // Its exit status if it ends within the limit; it is killed with this object if not.
  std::optional<int> status_within(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    int status = 0;
    while (waitpid(process_, &status, WNOHANG) != process_) {
      if (std::chrono::steady_clock::now() > end) return std::nullopt;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ended_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  std::string output() const { return hpcai::read_file(output_); }
  pid_t process() const { return process_; }

 private:
  TemporaryFolder folder_;
  std::string output_ = folder_ / "output";
  pid_t process_ = -1;
  bool ended_ = false;
};

struct Outcome {
  int status;
  std::string output;
};

inline Outcome run(const Words& arguments, const Environment& more = {}, Limits limits = {}) {
  Program program(arguments, more, limits);
  const int status = program.status();
  return {status, program.output()};
}

// The same command once for each rank, with the environment that a launcher would give it.
inline std::vector<Outcome> run_as(const std::vector<Environment>& ranks, const Words& arguments) {
  std::vector<std::unique_ptr<Program>> programs;
  for (const Environment& rank : ranks) programs.push_back(std::make_unique<Program>(arguments, rank));
  std::vector<Outcome> outcomes;
  for (auto& program : programs) {
    const int status = program->status();
    outcomes.push_back({status, program->output()});
  }
  return outcomes;
}

// One below the ephemeral ports, so that nobody is given it by chance before it is used.
inline int free_port() {
  static std::mt19937 random{std::random_device{}()};
  while (true) {
    const int port = std::uniform_int_distribution(20000, 31999)(random);
    try {
      close(hpcai::distributed::listen_on("127.0.0.1", port));
      return port;
    } catch (const hpcai::Error&) {  // taken
    }
  }
}

inline std::vector<pid_t> wait_for_ranks(const TemporaryFolder& folder, int count) {
  std::vector<pid_t> processes;
  for (int rank = 0; rank < count; ++rank) {
    const std::string file = folder / std::to_string(rank);
    while (!std::filesystem::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    processes.push_back(std::stoi(hpcai::read_file(file)));
  }
  return processes;
}

inline bool ends(pid_t process) {
  for (int i = 0; i < 500; ++i) {
    if (kill(process, 0) != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}
