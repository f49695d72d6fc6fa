#include "hpcai/core/streams.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <iostream>

using namespace hpcai;

namespace {

// The exit status of a child that runs `work`.
int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What finish() gives after this much text into a descriptor.
int error_of(int descriptor, size_t size) {
  StandardOutput output(descriptor);
  std::cout << std::string(size, 'x');
  return output.finish();
}

}  // namespace

TEST_CASE("files opened later never get the number of a closed standard stream") {
  for (int closed = 1; closed < 8; ++closed) {  // bit i: descriptor i
    INFO(closed);
    CHECK(in_child([&] {
            for (int i = 0; i < 3; ++i) {
              if ((closed >> i & 1) != 0) close(i);
            }
            open_standard_streams();
            return open("/dev/null", O_RDONLY) > 2 ? 0 : 1;
          }) == 0);
  }
}

TEST_CASE("text for a standard output that was closed is a failure, for a closed error stream it is none") {
  CHECK(in_child([] {
          close(STDOUT_FILENO);
          close(STDERR_FILENO);
          open_standard_streams();
          if (write(STDERR_FILENO, "x", 1) != 1) return 1;
          if (error_of(STDOUT_FILENO, 0) != 0) return 2;
          return error_of(STDOUT_FILENO, 1) == EBADF ? 0 : 3;
        }) == 0);
}

TEST_CASE("a full disk behind the standard output is found, also by the last byte and in the middle of much text") {
  const int full = open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  CHECK(error_of(full, 0) == 0);
  CHECK(error_of(full, 1) == ENOSPC);
  CHECK(error_of(full, 1 << 20) == ENOSPC);
  close(full);
}

TEST_CASE("a reader that has gone is no failure, and all text reaches one that stays") {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK(error_of(ends[1], 1000) == 0);
  std::string read_text(2000, ' ');
  CHECK(read(ends[0], read_text.data(), read_text.size()) == 1000);
  close(ends[0]);
  CHECK(error_of(ends[1], 1 << 20) == 0);
  close(ends[1]);
}
