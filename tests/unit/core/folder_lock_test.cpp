#include "hpcai/core/folder_lock.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "hpcai/core/error.h"

using namespace hpcai;
namespace fs = std::filesystem;

TEST_CASE("a folder is locked as long as its lock lives, wherever that is moved") {
  std::string pattern = (fs::temp_directory_path() / "hpcai-lock-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  const auto take = [&] { return FolderLock(folder, "run folder", "Choose another."); };
  {
    FolderLock first = take();
    FolderLock moved = std::move(first);
    try {
      take();
      FAIL("a second lock was given");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(error.what() == "the run folder " + folder.string() + " is in use by another program");
      CHECK(error.remedy() == "Choose another.");
    }
    FolderLock assigned;
    assigned = std::move(moved);
    CHECK_THROWS_AS(take(), Error);
  }
  CHECK_NOTHROW(take());
  CHECK(fs::is_empty(folder));
  fs::remove(folder);
}
