#include "hpcai/core/stop_signal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

using namespace hpcai;

namespace {

// How a process of its own ends: its exit status, or 128 + the signal that ended it.
int end_of(const std::function<void()>& body) {
  const pid_t process = fork();
  if (process == 0) {
    for (const int news : {SIGUSR2, SIGHUP, SIGXCPU}) signal(news, SIG_DFL);  // the tests may run under nohup
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a stop signal before the first step means: queue again") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGXCPU}) {
    CHECK(end_of([&] {
            note_stop_signals();
            raise(signal);  // noted
            end_on_stop_signals(false);
          }) == 75);
    CHECK(end_of([&] {
            note_stop_signals();
            end_on_stop_signals(false);
            raise(signal);
          }) == 75);
  }
}

TEST_CASE("a stop signal during the steps is noted, and only a second interrupt ends the process") {
  CHECK(end_of([] {
          note_stop_signals();
          end_on_stop_signals(false);
          save_on_stop_signals();
          if (stop_requested()) _exit(1);
          for (const int signal : {SIGUSR1, SIGTERM, SIGUSR1}) raise(signal);
          _exit(stop_requested() && stop_signal() == SIGUSR1 ? 42 : 2);
        }) == 42);
  CHECK(end_of([] {
          note_stop_signals();
          save_on_stop_signals();
          raise(SIGTERM);
          raise(SIGINT);
        }) == 128 + SIGINT);
}

TEST_CASE("a command that has nothing to stop ends by the signal, also by one that came before it was known") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGXCPU}) {
    CHECK(end_of([&] {
            note_stop_signals();
            raise(signal);
            restore_stop_signals();
          }) == 128 + signal);
    CHECK(end_of([&] {
            note_stop_signals();
            restore_stop_signals();
            raise(signal);
          }) == 128 + signal);
  }
}

TEST_CASE("signals that the parent has blocked are delivered once the process is ready for them") {
  CHECK(end_of([] {
          sigset_t blocked;
          sigemptyset(&blocked);
          sigaddset(&blocked, SIGUSR1);
          sigprocmask(SIG_BLOCK, &blocked, nullptr);
          raise(SIGUSR1);
          note_stop_signals();
          _exit(stop_signal() == SIGUSR1 ? 42 : 1);
        }) == 42);
}

TEST_CASE("news that were ignored at the start stay ignored, and requests count all the same") {
  for (const int ignored : {SIGUSR2, SIGHUP, SIGXCPU}) {
    CHECK(end_of([&] {
            signal(ignored, SIG_IGN);
            note_stop_signals();
            save_on_stop_signals();
            raise(ignored);
            if (stop_requested()) _exit(1);
            restore_stop_signals();
            raise(ignored);
            _exit(42);
          }) == 42);
  }
  CHECK(end_of([] {
          signal(SIGINT, SIG_IGN);
          note_stop_signals();
          raise(SIGINT);
          _exit(stop_signal() == SIGINT ? 42 : 1);
        }) == 42);
}

TEST_CASE("a stop signal that is held stays pending until the process notes it, also in another program") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    CHECK(end_of([&] {
            hold_stop_signals();
            raise(signal);
            if (stop_requested()) _exit(1);
            note_stop_signals();
            end_on_stop_signals(false);
          }) == 75);
    CHECK(end_of([&] {
            hold_stop_signals();
            raise(signal);
            note_stop_signals();
            restore_stop_signals();
          }) == 128 + signal);
  }
}
