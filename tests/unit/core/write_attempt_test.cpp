#include "hpcai/core/write_attempt.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "folder.h"
#include "hpcai/core/file.h"

using namespace hpcai;

TEST_CASE("a file is written in pieces, or the step that failed is told") {
  const Folder folder;
  CHECK(try_to_write(folder.file(), {"a", "", "bc"}).error == 0);
  CHECK(read_file(folder.file()) == "abc");
  const WriteFailure failure = try_to_write(folder.file() / "below", {"a"});
  CHECK(failure.error == ENOTDIR);
  CHECK(std::string(failure.action) == "create");
}

TEST_CASE("every failed write has a remedy") {
  for (int error = 1; error < 134; ++error) {
    CHECK_FALSE(write_remedy(error, "--out").empty());
    CHECK(write_remedy(error, "--out").find("--run-dir") == std::string::npos);
  }
  CHECK(write_remedy(ENOSPC, "--out") == "Free some space there, or choose another place with --out.");
  CHECK(write_remedy(EXDEV, "--run-dir") == "The file system there cannot rename: choose another place with --run-dir.");
}
