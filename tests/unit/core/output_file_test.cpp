#include "hpcai/core/output_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "folder.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

Error failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  FAIL("no error");
  throw;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

auto entries(const fs::path& folder) { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); }

}  // namespace

TEST_CASE("an output has its name only when it is published") {
  const Folder folder;
  {
    OutputFile file(folder.file());
    REQUIRE(write(file.descriptor(), "half", 4) == 4);
    CHECK_FALSE(fs::exists(folder.file()));
    CHECK(file.temporary().parent_path() == folder.path);
  }
  CHECK(entries(folder.path) == 0);
  OutputFile file(folder.file());
  REQUIRE(write(file.descriptor(), "whole", 5) == 5);
  file.publish();
  CHECK(read_file(folder.file()) == "whole");
  write_output(folder.file(), std::string("new\0bytes", 9));
  CHECK(read_file(folder.file()) == std::string("new\0bytes", 9));
  CHECK(entries(folder.path) == 1);
}

TEST_CASE("temporary files of killed processes are removed, those of living ones and other files stay") {
  const Folder folder;
  const OutputFile living(folder.file());
  for (const char* name :
       {"file.tmp-999999998", "file.tmp-999999999", "file.tmp-1x", "file.tmp-", "filed.tmp-7", "file", "xfile.tmp-7"}) {
    write_file(folder.path / name, "x");
  }
  remove_abandoned(folder.file());
  CHECK(fs::exists(living.temporary()));
  CHECK_FALSE(fs::exists(folder.path / "file.tmp-999999998"));
  CHECK_FALSE(fs::exists(folder.path / "file.tmp-999999999"));
  CHECK(entries(folder.path) == 6);
}

TEST_CASE("a temporary file that a library has replaced is the one that is published") {
  const Folder folder;
  OutputFile file(folder.file());
  write_file(folder.path / "other", "of the library");
  fs::rename(folder.path / "other", file.temporary());
  file.reopen();
  struct stat opened {
  }, named{};
  REQUIRE(fstat(file.descriptor(), &opened) == 0);
  REQUIRE(stat(file.temporary().c_str(), &named) == 0);
  CHECK(opened.st_ino == named.st_ino);
  file.publish();
  CHECK(read_file(folder.file()) == "of the library");
}

TEST_CASE("an output follows symbolic links, also to a file that does not exist, and the links stay") {
  const Folder folder;
  fs::create_directory(folder.path / "far");
  write_file(folder.path / "far/old", "old");
  fs::create_symlink("far/old", folder.path / "one");
  fs::create_symlink(folder.path / "one", folder.path / "two");
  fs::create_symlink("far/new", folder.path / "three");
  for (const auto& [link, target] : {std::pair{"one", "far/old"}, {"two", "far/old"}, {"three", "far/new"}}) {
    write_output(folder.path / link, link);
    CHECK(read_file(folder.path / target) == link);
    CHECK(fs::is_symlink(folder.path / link));
  }
  CHECK(entries(folder.path) == 4);
  CHECK(entries(folder.path / "far") == 2);
}

TEST_CASE("an output replaces no device, pipe, socket or folder, through a link neither") {
  const Folder folder;
  fs::create_directory(folder.path / "folder");
  REQUIRE(mkfifo((folder.path / "named pipe").c_str(), 0666) == 0);
  const int plug = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder.path / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(plug, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  close(plug);
  std::vector<std::string> kinds{"folder", "named pipe", "socket"};
  if (mknod((folder.path / "device").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0) kinds.emplace_back("device");
  for (const std::string& kind : kinds) {
    const fs::path link = folder.path / ("link to " + kind);
    fs::create_symlink(kind, link);
    const auto type = fs::status(folder.path / kind).type();
    for (const fs::path& path : {folder.path / kind, link}) {
      for (const Error& e : {failure_of([&] { write_output(path, "x"); }), failure_of([&] { require_output(path, "--out"); })}) {
        CHECK(e.code() == ExitCode::cannot_write);
        CHECK(has(e.what(), path.string() + ": it is a " + kind + ", not a file"));
        CHECK(has(e.remedy(), "--out"));
      }
    }
    CHECK(fs::status(folder.path / kind).type() == type);
  }
  CHECK(entries(folder.path) == 2 * static_cast<long>(kinds.size()));
}

TEST_CASE("an output that cannot be made says why, and names the option") {
  const Folder folder;
  write_file(folder.file(), "x");
  fs::create_symlink("loop", folder.path / "loop");
  const auto expect = [&](const fs::path& path, const std::string& why) {
    const Error e = failure_of([&] { require_output(path, "--trace"); });
    CHECK(e.code() == ExitCode::cannot_write);
    CHECK(has(e.what(), path.string() + ": " + why));
    CHECK(has(e.remedy(), "--trace"));
  };
  expect(folder.path / "none/x", "there is no folder " + (folder.path / "none").string());
  expect(folder.file() / "x", "Not a directory");
  expect(folder.path / "loop", "Too many levels of symbolic links");
  expect("/proc/hpcai", "No such file or directory");
  CHECK(entries(folder.path) == 2);
}

TEST_CASE("an output replaces no input, whatever its name is") {
  const Folder folder;
  const fs::path input = folder.path / "in";
  write_file(input, "data");
  fs::create_symlink("in", folder.path / "link");
  fs::create_hard_link(input, folder.path / "hard");
  for (const char* name : {"in", "./in", "link", "hard"}) {
    const Error e = failure_of([&] { require_output(folder.path / name, "--out", {"", folder.path / "none", input}); });
    CHECK(e.code() == ExitCode::usage);
    CHECK(has(e.what(), input.string()));
    CHECK(has(e.remedy(), "--out"));
  }
  require_output(folder.path / "new", "--out", {"", folder.path / "new", input});
  CHECK(entries(folder.path) == 3);
}
