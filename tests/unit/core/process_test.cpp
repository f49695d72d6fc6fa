#include "hpcai/core/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <thread>

using namespace hpcai;

namespace {

Command shell(const std::string& script) { return {.program = "/bin/sh", .arguments = {"sh", "-c", script}}; }

int status_of(const Command& command) {
  const pid_t process = start_process(command);
  while (true) {
    if (const auto status = poll_process(process)) return *status;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

TEST_CASE("a process ends with its status, 128 + n for signal n, 127 if it cannot be executed") {
  CHECK(status_of(shell("exit 7")) == 7);
  CHECK(status_of(shell("kill -TERM $$")) == 128 + SIGTERM);
  CHECK(status_of({.program = "/nowhere/at/all", .arguments = {"all"}}) == 127);
  CHECK_THROWS_AS(poll_process(1), std::runtime_error);
}

TEST_CASE("a process has the environment it is given, no input and a process group of its own") {
  Command command = shell(
      "test \"$GREETING\" = \"good day\" && test -z \"$HPCAI_TEST_OUTER\" && ! read line && "
      "test $(ps -o pgid= -p $$) = $$");
  setenv("HPCAI_TEST_OUTER", "1", 1);
  CHECK(process_environment().at("HPCAI_TEST_OUTER") == "1");
  command.environment = Environment{{"GREETING", "good day"}, {"PATH", "/usr/bin:/bin"}};
  CHECK(status_of(command) == 0);
  CHECK(status_of(shell("test \"$HPCAI_TEST_OUTER\" = 1")) == 0);
  unsetenv("HPCAI_TEST_OUTER");
}

TEST_CASE("the signals that are blocked here are not blocked in a process that is told otherwise") {
  sigset_t none, terminate, before;
  sigemptyset(&none);
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &terminate, &before);
  Command command = shell("kill -TERM $$; exit 3");
  CHECK(status_of(command) == 3);
  command.blocked_signals = none;
  CHECK(status_of(command) == 128 + SIGTERM);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("only the descriptor that is to be kept is open in a process") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Command command = shell("test -e /proc/self/fd/" + std::to_string(ends[0]));
  CHECK(status_of(command) == 1);
  command.kept_descriptors = {ends[0]};
  CHECK(status_of(command) == 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("a process' status is known although SIGCHLD was ignored") {
  struct sigaction before {};
  sigaction(SIGCHLD, nullptr, &before);
  signal(SIGCHLD, SIG_IGN);
  CHECK(status_of(shell("exit 5")) == 5);
  sigaction(SIGCHLD, &before, nullptr);
}

TEST_CASE("this program knows its own path") { CHECK(program_path().ends_with("test_core")); }

TEST_CASE("a process becomes another program, or is told why not") {
  char shell[] = "sh", option[] = "-c", script[] = "exit 3";
  char* const arguments[] = {shell, option, script, nullptr};
  const pid_t process = fork();
  if (process == 0) {
    become_program("/bin/sh", arguments);
    _exit(1);
  }
  std::optional<int> status;
  while (!(status = poll_process(process))) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(status == 3);
  CHECK(become_program("/nowhere/program", arguments) == ENOENT);
}
