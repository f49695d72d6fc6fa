#include "hpcai/core/temporary_name.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <vector>

#include "folder.h"
#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

// The signal that ends a process of its own that runs `body`; 0 if it ends by itself.
int signal_ending(const std::function<void()>& body) {
  const pid_t process = fork();
  if (process == 0) {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);  // Catch handles them
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("a temporary file goes with its name, and before a signal ends the process") {
  const Folder folder;
  write_file(folder.file(), "x");
  { const TemporaryName name(folder.file()); }
  CHECK_FALSE(fs::exists(folder.file()));
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU}) {
    const int end = signal_ending([&] {
      const TemporaryName name(folder.file()), second(folder.path / "second");
      write_file(folder.file(), "x");
      write_file(folder.path / "second", "x");
      { const TemporaryName third(folder.path / "third"); }
      raise(signal);
    });
    CHECK(end == signal);
    CHECK(fs::is_empty(folder.path));
  }
}

TEST_CASE("a signal that the program ignores or handles keeps its effect, and the default comes back") {
  const Folder folder;
  CHECK(signal_ending([&] {
          std::signal(SIGHUP, SIG_IGN);
          std::signal(SIGUSR1, [](int) {});
          const TemporaryName name(folder.file());
          write_file(folder.file(), "x");
          raise(SIGHUP);
          raise(SIGUSR1);
          if (!fs::exists(folder.file())) raise(SIGKILL);
        }) == 0);
  CHECK(signal_ending([&] {
          { const TemporaryName name(folder.file()); }
          if (std::signal(SIGTERM, SIG_DFL) != SIG_DFL) raise(SIGKILL);
          raise(SIGTERM);
        }) == SIGTERM);
}

TEST_CASE("a child that a signal ends leaves the temporary file of its parent") {
  const Folder folder;
  const TemporaryName name(folder.file());
  write_file(folder.file(), "x");
  CHECK(signal_ending([] { raise(SIGTERM); }) == SIGTERM);
  CHECK(fs::exists(folder.file()));
}

TEST_CASE("names beyond those that a signal removes are removed with their objects") {
  const Folder folder;
  {
    std::vector<std::unique_ptr<TemporaryName>> names;
    for (int i = 0; i < 40; ++i) {
      names.push_back(std::make_unique<TemporaryName>(folder.path / std::to_string(i)));
      write_file(names.back()->path(), "x");
    }
  }
  CHECK(fs::is_empty(folder.path));
}
