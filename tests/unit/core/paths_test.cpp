#include "hpcai/core/paths.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "folder.h"
#include "hpcai/core/file.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

// The message of the Error of this code that `call` must throw.
std::string failure(ExitCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    CHECK(e.code() == code);
    CHECK_FALSE(e.remedy().empty());
    return e.what();
  }
  FAIL_CHECK("nothing was thrown");
  return "";
}

}  // namespace

TEST_CASE("what does not exist is no error, also below a file") {
  const Folder folder;
  std::ofstream(folder.path / "file") << "x";
  CHECK(path_exists(folder.path / "file"));
  CHECK(is_plain_file(folder.path / "file"));
  CHECK_FALSE(is_folder(folder.path / "file"));
  CHECK(is_folder(folder.path));
  for (const char* name : {"none", "none/none", "file/none", ""}) {
    const fs::path path = *name == '\0' ? fs::path() : folder.path / name;
    CHECK_FALSE(path_exists(path));
    CHECK_FALSE(is_folder(path));
    CHECK(list_folder(path).empty());
  }
}

TEST_CASE("links in a circle and names that are too long are told with path and reason, and the caller's status") {
  const Folder folder;
  fs::create_symlink("b", folder.path / "a");
  fs::create_symlink("a", folder.path / "b");
  for (const fs::path& path : {folder.path / "a", folder.path / "a" / "x", folder.path / std::string(300, 'n')}) {
    for (const auto code : {ExitCode::missing_input, ExitCode::cannot_write}) {
      const auto reason = failure(code, [&] { path_exists(path, code); });
      CHECK(reason.find(printable(path)) != std::string::npos);  // the middle of a long name is left out
      CHECK((reason.find("Too many levels of symbolic links") != std::string::npos ||
             reason.find("File name too long") != std::string::npos));
      failure(code, [&] { is_folder(path, code); });
      failure(code, [&] { is_plain_file(path, code); });
      failure(code, [&] { list_folder(path, code); });
    }
    failure(ExitCode::cannot_write, [&] { require_output(path, "--out"); });
    failure(ExitCode::missing_input, [&] { read_file(path); });
  }
}

TEST_CASE("without permission on the way there is an error, not an answer") {
  if (geteuid() != 0) {
    WARN("skipped: only root can give up its rights here");
    return;
  }
  const Folder folder;
  fs::create_directory(folder.path / "secret");
  std::ofstream(folder.path / "secret/file") << "x";
  fs::permissions(folder.path, fs::perms::all);
  fs::permissions(folder.path / "secret", fs::perms::owner_all);
  REQUIRE(seteuid(12347) == 0);
  const auto reason = failure(ExitCode::missing_input, [&] { path_exists(folder.path / "secret/file"); });
  CHECK(reason.find("secret/file: Permission denied") != std::string::npos);
  failure(ExitCode::missing_input, [&] { list_folder(folder.path / "secret"); });
  failure(ExitCode::cannot_write, [&] { require_output(folder.path / "secret/new", "--out"); });
  REQUIRE(seteuid(0) == 0);
}

TEST_CASE("a folder's entries come sorted, and a name with bytes that are no text stays what it is") {
  const Folder folder;
  for (const char* name : {"b", "a", "cut\xe9.png"}) std::ofstream(folder.path / name) << "x";
  const std::vector<fs::path> expected{folder.path / "a", folder.path / "b", folder.path / "cut\xe9.png"};
  CHECK(list_folder(folder.path) == expected);
  remove_tree(folder.path / "a");
  CHECK(list_folder(folder.path).size() == 2);
  CHECK(try_remove_tree(folder.path / "none"));
}

TEST_CASE("a path is made absolute without asking for it") {
  CHECK(absolute_path("/a/../b/./c") == "/b/c");
  CHECK(absolute_path("none/x").is_absolute());
}
