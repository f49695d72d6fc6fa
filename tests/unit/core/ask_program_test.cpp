#include "hpcai/core/ask_program.h"

#include <catch2/catch.hpp>

using namespace hpcai;

TEST_CASE("a program is asked") {
  const ProgramAnswer answer = ask_program({"sh", "-c", "echo \"$1\"; echo error >&2; exit 3", "sh", "it's $HOME"});
  CHECK(answer.status == 3);
  CHECK(answer.text == "it's $HOME\nerror");
  CHECK(ask_program({"no-such-program-anywhere"}).status == 127);
}

TEST_CASE("a program is found in PATH") {
  CHECK(find_in_path("sh").ends_with("/sh"));
  CHECK(find_in_path("/bin/sh") == "/bin/sh");
  CHECK(find_in_path("no-such-program-anywhere").empty());
  CHECK(find_in_path("/bin/no-such-program-anywhere").empty());
}
