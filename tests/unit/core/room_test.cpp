#include "hpcai/core/room.h"

#include <catch2/catch.hpp>

#include "folder.h"
#include "hpcai/core/error.h"

using namespace hpcai;

TEST_CASE("a file that does not fit into its file system is refused with both sizes") {
  const Folder folder;
  CHECK_NOTHROW(require_room(folder.file(), folder.path, 1, "none"));
  CHECK_NOTHROW(require_room(folder.file(), "/proc", 1e18, "none"));             // it tells no room
  CHECK_NOTHROW(require_room(folder.file(), folder.path / "absent", 1e18, ""));  // opening the file tells
  try {
    require_room("train.h5", folder.path, 1.2804e18, "Make room.");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::cannot_write);
    CHECK_THAT(error.what(), Catch::StartsWith("cannot write train.h5: it needs 1280400 TB, but only "));
    CHECK_THAT(error.what(), Catch::EndsWith(" are free there"));
    CHECK(error.remedy() == "Make room.");
  }
}
