#include "hpcai/core/process_trial.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

using namespace hpcai;

namespace {

using End = Trial::End;

Trial try_work(const std::function<bool()>& work) {
  TrialLimits limits;
  limits.cpu_s = 1;
  return try_in_child(
      limits, [](const std::function<void()>& fork_now) { fork_now(); }, work);
}

}  // namespace

TEST_CASE("work is tried in another process, and how it ended is told") {
  int here = 0;
  CHECK(try_work([&] { return ++here > 0; }).end == End::done);
  CHECK(here == 0);
  CHECK(try_work([] { return false; }).end == End::no_memory);
  CHECK(try_work([]() -> bool { throw std::bad_alloc(); }).end == End::no_memory);
  CHECK(try_work([]() -> bool { throw std::runtime_error("no"); }).end == End::failed);
  CHECK(try_work([]() -> bool { _exit(3); }).end == End::crashed);
  CHECK(waitpid(-1, nullptr, WNOHANG) < 0);  // no child is left
}

TEST_CASE("work without end is ended by its limit on computing") {
  const Trial trial = try_work([] {
    volatile bool endless = true;
    while (endless) {
    }
    return true;
  });
  CHECK(trial.end == End::out_of_time);
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("crashes are told with their signal, and a hunger for memory is told from them") {
  const Trial crash = try_work([] { return std::raise(SIGSEGV) == 0; });
  CHECK(crash.end == End::crashed);
  CHECK(crash.signal == SIGSEGV);
  CHECK(try_work([]() -> bool { std::abort(); }).signal == SIGABRT);
  CHECK(try_work([] { return std::vector<char>(size_t{1} << 32, '\1').back() == '\1'; }).end == End::no_memory);
}
#endif

TEST_CASE("what asks this program to stop does not end a trial") {
  const auto ask = [] {
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) std::raise(signal);
    return true;
  };
  CHECK(try_work(ask).end == End::done);
  // A launcher may have told the system to forget about children.
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  CHECK(try_work(ask).end == End::done);
  CHECK(try_work([]() -> bool { _exit(1); }).end == End::crashed);
  std::signal(SIGCHLD, before);
}

TEST_CASE("a lock that the caller holds around the fork is free in both processes") {
  std::mutex mutex;
  const auto locked = [&](const std::function<void()>& fork_now) {
    const std::lock_guard lock(mutex);
    fork_now();
  };
  CHECK(try_in_child({}, locked, [&] { return mutex.try_lock(); }).end == End::done);
  CHECK(mutex.try_lock());
  mutex.unlock();
}

TEST_CASE("where no process can be heard nothing is tried") {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const Trial trial = try_work([] { return true; });
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(trial.end == End::untried);
  CHECK(trial.reason == "no pipe: Too many open files");
}
