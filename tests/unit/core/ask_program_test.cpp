#include "hpcai/core/ask_program.h"

#include <unistd.h>

#include <catch2/catch.hpp>

using namespace hpcai;

TEST_CASE("a program is asked") {
  const ProgramAnswer answer = ask_program({"sh", "-c", "echo \"$1\"; echo error >&2; exit 3", "sh", "it's $HOME"});
  CHECK(answer.status == 3);
  CHECK(answer.text == "it's $HOME\nerror");
  CHECK(ask_program({"no-such-program-anywhere"}).status == 127);
}

TEST_CASE("a program that is asked gets no input, and a very long answer is cut") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "for others\n", 11) == 11);
  const int before = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  CHECK(ask_program({"head", "-n", "1"}).text.empty());
  dup2(before, STDIN_FILENO);
  for (const int descriptor : {before, ends[0], ends[1]}) close(descriptor);
  const ProgramAnswer answer = ask_program({"head", "-c", "70000000", "/dev/zero"});
  CHECK(answer.status == 0);
  CHECK(answer.text.size() == 67108864);
}

TEST_CASE("a program is found in PATH") {
  CHECK(find_in_path("sh").ends_with("/sh"));
  CHECK(find_in_path("/bin/sh") == "/bin/sh");
  CHECK(find_in_path("no-such-program-anywhere").empty());
  CHECK(find_in_path("/bin/no-such-program-anywhere").empty());
}
