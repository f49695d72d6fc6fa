#include "hpcai/core/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "folder.h"

using namespace hpcai;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr LockFile::Timing kQuick{.beat = 20ms, .silence = 200ms};

void leave(const fs::path& file, const LockOwner& owner) {
  std::ofstream(file) << nlohmann::json{{"host", owner.host},
                                        {"process", owner.process},
                                        {"started", owner.started},
                                        {"boot", owner.boot},
                                        {"pid_namespace", owner.pid_namespace}};
}

}  // namespace

TEST_CASE("a lock file keeps a second program out until its owner ends") {
  const Folder folder;
  {
    const LockFile first(folder.file(), kQuick);
    try {
      const LockFile second(folder.file(), kQuick);
      FAIL("a second lock was given");
    } catch (const LockFile::Held& held) {
      REQUIRE(held.owner);
      CHECK(*held.owner == LockOwner::self());
    }
  }
  CHECK(fs::is_empty(folder.path));
  const LockFile again(folder.file(), kQuick);
}

TEST_CASE("the lock of a process of this host that has ended is taken over at once, also if its number lives again") {
  const Folder folder;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  auto owner = LockOwner::self();
  owner.process = child;
  leave(folder.file(), owner);
  { const LockFile lock(folder.file(), {.beat = 20ms, .silence = 1h}); }
  owner = LockOwner::self();
  owner.started += "0";  // this process's number, another start
  leave(folder.file(), owner);
  const LockFile lock(folder.file(), {.beat = 20ms, .silence = 1h});
}

TEST_CASE("the lock of another host holds as long as it is touched, and no longer") {
  const Folder folder;
  auto owner = LockOwner::self();
  owner.host = "elsewhere";
  owner.boot = "another";
  leave(folder.file(), owner);
  {
    std::atomic<bool> ended{false};
    std::thread other([&] {
      while (!ended) {
        utimensat(AT_FDCWD, folder.file().c_str(), nullptr, 0);
        std::this_thread::sleep_for(20ms);
      }
    });
    CHECK_THROWS_AS(LockFile(folder.file(), kQuick), LockFile::Held);
    ended = true;
    other.join();
  }
  const LockFile lock(folder.file(), kQuick);
  CHECK(fs::exists(folder.file()));
}

TEST_CASE("a lock file that says nothing is watched, and taken over when it is silent") {
  const Folder folder;
  for (const char* text : {"", "{}", "\xff\xfe", "{\"host\": 7}"}) {
    std::ofstream(folder.file()) << text;
    const LockFile lock(folder.file(), kQuick);
  }
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("of many that find a stale lock at once, one gets it") {
  const Folder folder;
  auto owner = LockOwner::self();
  owner.started += "0";
  leave(folder.file(), owner);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      try {
        const LockFile lock(folder.file(), {.beat = 20ms, .silence = 1h});
        std::this_thread::sleep_for(1s);
        _exit(0);
      } catch (const LockFile::Held&) {
        _exit(1);
      }
    }
  }
  int held = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    held += status == 0 ? 1 : 0;
  }
  CHECK(held == 1);
}

TEST_CASE("a place where no file can be made is told from one that is held") {
  CHECK_THROWS_AS(LockFile("/proc/lock", kQuick), std::system_error);
}
