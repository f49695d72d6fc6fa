#include "hpcai/core/known_folder.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "folder.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

TEST_CASE("a folder is in place until it is moved, replaced or removed, and again when it is back") {
  Folder folder;
  const fs::path path = folder.path / "a", other = folder.path / "b";
  CHECK_THROWS_AS(KnownFolder(path), Error);
  fs::create_directory(path);
  const KnownFolder known(path);
  CHECK(known.in_place());
  write_file(path / "file", "");
  CHECK(known.in_place());
  fs::rename(path, other);
  CHECK_FALSE(known.in_place());
  fs::create_directory(path);
  CHECK_FALSE(known.in_place());
  fs::remove(path);
  write_file(path, "");
  CHECK_FALSE(known.in_place());
  fs::remove(path);
  fs::create_directory_symlink(other, path);
  CHECK(known.in_place());
  fs::remove(path);
  fs::rename(other, path);
  CHECK(known.in_place());
}
