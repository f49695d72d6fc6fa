#include "hpcai/core/file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>

#include "folder.h"
#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {
ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.code();
  }
  return ExitCode::done;
}
}  // namespace

TEST_CASE("a file that is replaced holds the old or the new content and leaves no temporary behind") {
  Folder folder;
  replace_file(folder.path / "a", "old");
  replace_file(folder.path / "a", std::string("new\0bytes", 9));
  CHECK(read_file(folder.path / "a") == std::string("new\0bytes", 9));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a new folder is made once, and not without its parent") {
  Folder folder;
  CHECK(make_new_folder(folder.path / "a"));
  CHECK_FALSE(make_new_folder(folder.path / "a"));
  write_file(folder.path / "file", "");
  CHECK_FALSE(make_new_folder(folder.path / "file"));
  CHECK(code_of([&] { make_new_folder(folder.path / "no" / "folder"); }) == ExitCode::cannot_write);
}

TEST_CASE("file errors carry the status of their kind") {
  Folder folder;
  CHECK(code_of([&] { read_file(folder.path / "none"); }) == ExitCode::missing_input);
  CHECK(code_of([&] { read_file(folder.path); }) == ExitCode::missing_input);
  CHECK(code_of([&] { write_file(folder.path / "no" / "folder", "x"); }) == ExitCode::cannot_write);
  write_file(folder.path / "big", std::string(100, 'x'));
  CHECK(code_of([&] { read_file(folder.path / "big", 99); }) == ExitCode::bad_data);
  CHECK(code_of([&] { make_folder(folder.path / "big" / "below"); }) == ExitCode::cannot_write);
}

TEST_CASE("a full disk is reported with its reason and remedy") {
  if (!fs::is_character_file("/dev/full")) {
    WARN("skipped: no /dev/full here");
    return;
  }
  try {
    write_file("/dev/full", "x");
    FAIL("writing to a full device must fail");
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::cannot_write);
    CHECK(std::string(e.what()).find("No space left") != std::string::npos);
    CHECK(e.remedy().find("--run-dir") != std::string::npos);
  }
  CHECK(fs::is_character_file("/dev/full"));  // only files of our own are removed
  write_file("/dev/null", "x");
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-2") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(std::string(1000, 'a'));
  CHECK(hash.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("HMAC-SHA256 is that of RFC 4231") {
  CHECK(hmac_sha256("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(same_digest("abc", "abc"));
  CHECK_FALSE(same_digest("abc", "abd"));
  CHECK_FALSE(same_digest("abc", "ab"));
}
