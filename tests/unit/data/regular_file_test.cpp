#include "hpcai/data/regular_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

TEST_CASE("a file is read whole, in part, and through a link") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "a") << "0123456789";
  std::ofstream(folder / "empty");
  std::filesystem::create_symlink(folder / "a", folder / "link");
  CHECK(read_regular_file((folder / "a").string()) == "0123456789");
  CHECK(read_regular_file((folder / "link").string()) == "0123456789");
  CHECK(read_regular_file((folder / "empty").string()).empty());
  const RegularFile file((folder / "a").string());
  CHECK(file.bytes() == 10);
  CHECK(file.read_start(4) == "0123");
  CHECK(file.read_start(100) == "0123456789");
  CHECK(file.read_start(4, "memory that is used again") == "0123");
  CHECK(read_regular_file((folder / "a").string(), 10, "ab") == "0123456789");
  const auto thrown = thrown_by([&] { read_regular_file((folder / "a").string(), 9); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what == (folder / "a").string() + " is larger than the allowed 9 bytes");
}

TEST_CASE("a file that becomes shorter while it is open is noticed, and one that grows has not shrunk") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "a") << "0123456789";
  const RegularFile file((folder / "a").string());
  CHECK(!file.has_shrunk());
  std::filesystem::resize_file(folder / "a", 20);
  CHECK(!file.has_shrunk());
  std::filesystem::resize_file(folder / "a", 9);
  CHECK(file.has_shrunk());
  CHECK(file.bytes() == 10);
}

TEST_CASE("what is no file is refused at once, and named") {
  const test::TemporaryFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink(folder / "pipe", folder / "link to pipe");
  std::filesystem::create_symlink(folder / "circle", folder / "circle");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const std::pair<std::string, std::string> kinds[] = {{folder / "pipe", " is a named pipe, not a file"},
                                                       {folder / "link to pipe", " is a named pipe, not a file"},
                                                       {folder / "socket", " is a socket, not a file"},
                                                       {folder.path(), " is a folder, not a file"},
                                                       {"/dev/zero", " is a device, not a file"}};
  for (const auto& [path, message] : kinds) {
    const auto thrown = thrown_by([&, &name = path] { RegularFile{name}; });
    CHECK(thrown.code == ExitCode::missing_input);
    CHECK(thrown.what == path + message);
  }
  close(fd);
  CHECK(thrown_by([&] { RegularFile((folder / "none").string()); }).what ==
        "cannot read " + (folder / "none").string() + ": No such file or directory");
  CHECK(thrown_by([&] { RegularFile((folder / "circle").string()); }).code == ExitCode::missing_input);
  CHECK(thrown_by([&] { RegularFile((folder / std::string(300, 'x')).string()); }).code == ExitCode::missing_input);
}
