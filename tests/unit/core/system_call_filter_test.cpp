#include "hpcai/core/system_call_filter.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "folder.h"
#include "hpcai/core/process_trial.h"

using namespace hpcai;

namespace {

// A file of 4 bytes in a folder of its own.
struct Files {
  Files() { std::ofstream(file) << "word"; }

  Folder folder;
  std::string file = folder.path / "file", other = folder.path / "other";
};

// The status of a child process in which `call` runs under the filter: 0 if it returns true.
int status_of(const std::function<bool()>& call, int answer = -1) {
  const pid_t child = fork();
  if (child == 0) {
    if (!allow_only_reading(answer)) _exit(77);
    _exit(call() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

bool has_filter() {
  return status_of([] { return true; }) == 0;
}

// Whether a call that returns -1 on failure is refused.
bool refused(const std::function<long()>& call) {
  return status_of([&] {
           errno = 0;
           return call() == -1 && errno == EPERM;
         }) == 0;
}

std::string content(const std::string& path) {
  std::ifstream stream(path);
  std::string text;
  stream >> text;
  return text;
}

}  // namespace

TEST_CASE("under the filter files can be read, memory can be used and exceptions can be thrown") {
  if (!has_filter()) return;
  const Files files;
  CHECK(status_of([&] { return content(files.file) == "word" && std::filesystem::file_size(files.file) == 4; }) == 0);
  CHECK(status_of([&] { return content(files.other).empty(); }) == 0);
  CHECK(status_of([] { return std::vector<char>(size_t{1} << 26, '\1').back() == '\1'; }) == 0);
  CHECK(status_of([&] {
          try {
            return std::filesystem::file_size(files.other) == 0;
          } catch (const std::filesystem::filesystem_error&) {
            return true;
          }
        }) == 0);
  const int aborted = status_of([]() -> bool { std::abort(); });
  CHECK(WIFSIGNALED(aborted));
  CHECK(WTERMSIG(aborted) == SIGABRT);
}

TEST_CASE("under the filter nothing can be written, removed or renamed") {
  if (!has_filter()) return;
  const Files files;
  const char* path = files.file.c_str();
  for (int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT, O_WRONLY | O_APPEND}) {
    CAPTURE(flags);
    CHECK(refused([&] { return open(path, flags, 0600); }));
#ifdef SYS_open
    CHECK(refused([&] { return syscall(SYS_open, path, flags, 0600); }));
#endif
  }
  CHECK(refused([&] { return open(files.folder.path.c_str(), O_TMPFILE | O_RDWR, 0600); }));
  CHECK(refused([&] { return unlink(path); }));
  CHECK(refused([&] { return rename(path, files.other.c_str()); }));
  CHECK(refused([&] { return link(path, files.other.c_str()); }));
  CHECK(refused([&] { return symlink(path, files.other.c_str()); }));
  CHECK(refused([&] { return mkdir(files.other.c_str(), 0700); }));
  CHECK(refused([&] { return chmod(path, 0600); }));
  CHECK(refused([&] { return truncate(path, 0); }));
  const int open_for_writing = open(path, O_RDWR);
  CHECK(refused([&] { return write(open_for_writing, "x", 1); }));
  CHECK(refused([&] { return pwrite(open_for_writing, "x", 1, 0); }));
  CHECK(refused([&] { return ftruncate(open_for_writing, 0); }));
  CHECK(refused(
      [&] { return reinterpret_cast<intptr_t>(mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, open_for_writing, 0)); }));
  close(open_for_writing);
  CHECK(content(files.file) == "word");
}

TEST_CASE("under the filter there are no programs, processes, threads, sockets or signals") {
  if (!has_filter()) return;
  const Files files;
  CHECK(refused([] { return socket(AF_INET, SOCK_STREAM, 0); }));
  CHECK(refused([] { return socket(AF_UNIX, SOCK_STREAM, 0); }));
  CHECK(refused([] { return fork(); }));
  CHECK(refused([] { return execl("/bin/true", "true", nullptr); }));
  CHECK(refused([] { return kill(getppid(), 0); }));
  CHECK(refused([] { return syscall(SYS_tgkill, getppid(), getppid(), 0); }));
  CHECK(refused([] { return syscall(SYS_ptrace, 0, 0, 0, 0); }));
  CHECK(status_of([] {
          try {
            std::thread([] {}).join();
          } catch (const std::system_error&) {
            return true;
          }
          return false;
        }) == 0);
}

TEST_CASE("under the filter no memory becomes executable") {
  if (!has_filter()) return;
  CHECK(refused(
      [] { return reinterpret_cast<intptr_t>(mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }));
  CHECK(refused([] {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
  }));
}

TEST_CASE("under the filter only the answer's descriptor can be written to") {
  if (!has_filter()) return;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK(status_of([&] { return write(ends[1], "y", 1) == 1; }, ends[1]) == 0);
  CHECK(refused([&] { return write(ends[1], "n", 1); }));
  char got = 0;
  CHECK(read(ends[0], &got, 1) == 1);
  CHECK(got == 'y');
  close(ends[0]);
  close(ends[1]);
}

#ifdef __x86_64__
TEST_CASE("a system call of another architecture ends the process, and a trial says so") {
  if (!has_filter()) return;
  const Trial trial = try_in_child(
      {}, [](const std::function<void()>& fork_now) { fork_now(); },
      [] { return syscall(0x40000000 | SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0; });
  CHECK(trial.end == Trial::End::crashed);
  CHECK(trial.signal == SIGSYS);
  CHECK(trial.reason == "a system call that reading a file does not need");
}
#endif

TEST_CASE("a trial runs under the filter") {
  if (!has_filter()) return;
  const Files files;
  const auto ends_well = [](const std::function<bool()>& work) {
    return try_in_child(
               {}, [](const std::function<void()>& fork_now) { fork_now(); }, work)
               .end == Trial::End::done;
  };
  CHECK(ends_well([&] { return content(files.file) == "word"; }));
  CHECK(ends_well([&] { return unlink(files.file.c_str()) == -1 && errno == EPERM; }));
  CHECK(ends_well([] { return socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM; }));
}
