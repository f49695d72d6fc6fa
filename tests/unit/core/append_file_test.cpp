#include "hpcai/core/append_file.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "folder.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

// While it lives, no file grows beyond `bytes`, as on a full disk.
struct FullDisk {
  rlimit before{};
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("lines that cannot be written wait, also the rest of one that was torn, and come in order") {
  const Folder folder;
  const fs::path path = folder.path / "log";
  AppendFile file(path);
  CHECK(file.append("first\n") == 0);
  {
    const FullDisk full(9);
    CHECK(file.append("second\n") == EFBIG);
    CHECK(file.append("third\n") == EFBIG);
    CHECK(file.flush() == EFBIG);
    CHECK(read_file(path) == "first\nsec");
    CHECK(file.pending() == std::string("ond\nthird\n").size());
  }
  CHECK(file.flush() == 0);
  CHECK(file.append("fourth\n") == 0);
  CHECK(read_file(path) == "first\nsecond\nthird\nfourth\n");
  CHECK(file.lost() == 0);
}

TEST_CASE("beyond its limit of memory lines are lost and counted, and never torn") {
  const Folder folder;
  const fs::path path = folder.path / "log";
  AppendFile file(path, /*most_pending=*/12);
  {
    const FullDisk full(0);
    file.append("one\n");
    file.append("two\n");
    file.append("three\nfour\n");
    file.append("six\n");
  }
  CHECK(file.flush() == 0);
  CHECK(read_file(path) == "one\ntwo\nsix\n");
  CHECK(file.lost() == 2);
}

TEST_CASE("what waits is written when the file is closed, and a place that cannot be written is refused") {
  const Folder folder;
  {
    AppendFile file(folder.path / "log");
    {
      const FullDisk full(0);
      file.append("late\n");
    }
  }
  CHECK(read_file(folder.path / "log") == "late\n");
  CHECK_THROWS_AS(AppendFile(folder.path / "none" / "log"), Error);
}
