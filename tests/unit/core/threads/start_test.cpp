#include "hpcai/core/threads/start.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "hpcai/core/parallel.h"
#include "hpcai/core/threads/openmp.h"

using namespace hpcai;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

TEST_CASE("the message about a process limit names the limits and what to lower") {
  const fs::path root = fs::temp_directory_path() / ("hpcai-pids-" + std::to_string(::getpid()));
  const fs::path folder = root / "sys/fs/cgroup/pods/mine";
  fs::create_directories(folder);
  fs::create_directories(root / "proc/self");
  std::ofstream(root / "proc/self/cgroup") << "0::/pods/mine\n";
  std::ofstream(root / "proc/self/mountinfo") << "30 28 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  std::ofstream(folder / "pids.max") << "max\n";
  std::ofstream(folder.parent_path() / "pids.max") << "77\n";
  const LocalError error = process_limit("cannot do this", root);
  fs::remove_all(root);
  CHECK(error.code() == ExitCode::usage);
  CHECK_THAT(error.what(),
             Contains("cannot do this") && Contains("ulimit -u") && Contains("pids.max is 77") && Contains("/pods"));
  CHECK_THAT(error.remedy(), Contains("training.threads") && Contains("loader.threads") && Contains("--nproc"));
}

TEST_CASE("enough threads are no error") {
  CHECK_NOTHROW(require_threads(3, "this"));
  bool ran = false;
  start_thread("of a test", [&] { ran = true; }).join();
  CHECK(ran);
}

namespace {

// What `body` throws in a process of a user that may have no more threads: 0 nothing, 1 process_limit's error, 2 anything else.
int outcome_without_threads(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    if (setgid(12347) != 0 || setuid(12347) != 0) _exit(3);  // the limit does not hold for root
    try {
      body();
    } catch (const LocalError& e) {
      _exit(std::string(e.what()).find("ulimit -u is 0") != std::string::npos ? 1 : 2);
    } catch (...) {
      _exit(2);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a thread that the system refuses is an error in words, wherever it is wanted") {
  if (geteuid() != 0) {
    WARN("needs root, to become a user with a limit");
    return;
  }
  CHECK(outcome_without_threads([] { start_thread("of a test", [] {}).join(); }) == 1);
  CHECK(outcome_without_threads([] { require_threads(2, "cannot compute"); }) == 1);
  CHECK(outcome_without_threads([] { parallel_for(8, 4, [](int64_t) {}); }) == 1);
  CHECK(outcome_without_threads([] { parallel_for(8, 1, [](int64_t) {}); }) == 0);
  CHECK(outcome_without_threads([] { set_compute_threads(64); }) == 1);
  CHECK(outcome_without_threads([] { set_compute_threads(1); }) == 0);
}
