#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/distributed/world/cores.h"
#include "scenarios.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

namespace ranks {
namespace {

// Sums for ever; before the tenth, the rank named by the argument does `end`.
void until_lost(const Setting& setting, const std::function<void()>& end) {
  const auto group = setting.meet();
  const int victim = std::stoi(setting.argument);
  const at::Tensor x = at::zeros({100'000}, group->device());
  for (int i = 0;; ++i) {
    if (i == 10 && group->rank() == victim) end();
    group->all_reduce_sum(x);
  }
}

void throws(const Setting& setting) {
  until_lost(setting, [] { throw hpcai::Error(hpcai::ExitCode::bad_data, "sample 17 is broken"); });
}
void killed(const Setting& setting) {
  until_lost(setting, [] { raise(SIGKILL); });
}
void frozen(const Setting& setting) {
  until_lost(setting, [] { raise(SIGSTOP); });
}

// Stands still for ever, but alive.
void stand_still() {
  while (true) std::this_thread::sleep_for(1s);
}

// A training without a network, for ever. In the forward and backward pass of step 5 the rank of the argument, "2 kill", is
// lost in the way that the second word says.
void lose(const Setting& setting) {
  const auto group = setting.meet();
  const auto space = setting.argument.find(' ');
  const bool victim = group->rank() == std::stoi(setting.argument);
  const std::string how = setting.argument.substr(space + 1);
  const at::Tensor x = at::zeros({1000}, group->device());
  for (int step = 1;; ++step) {
    group->status().begin_step(step);
    const bool now = victim && step == 5;
    {
      const InPhase phase(group->status(), Phase::compute);
      for (int i = 0; now && i < 25; ++i) {  // the others know where a rank was some milliseconds ago
        std::this_thread::sleep_for(20ms);
        group->status().advance();
      }
      if (now && how == "kill") raise(SIGKILL);
      if (now && how == "crash") raise(SIGSEGV);
      if (now && how == "stop") raise(SIGSTOP);
      if (now && how == "hang") stand_still();
    }
    group->all_reduce_sum(x);
    group->barrier();
  }
}

// All ranks, or the only one, stop computing in the same step, and nobody waits for anybody.
void hang_alike(const Setting& setting) {
  const auto group = setting.meet();
  for (int step = 1; step <= 5; ++step) {
    group->status().begin_step(step);
    group->barrier();
  }
  const InPhase phase(group->status(), Phase::input);
  stand_still();
}

// As lose(), but pairs of ranks exchange among themselves before all do.
void lose_in_part(const Setting& setting) {
  const auto group = setting.meet();
  const auto part = group->split(group->rank() / 2);
  const auto space = setting.argument.find(' ');
  const bool victim = group->rank() == std::stoi(setting.argument);
  const std::string how = setting.argument.substr(space + 1);
  const at::Tensor x = at::zeros({1000}, group->device());
  for (int step = 1;; ++step) {
    group->status().begin_step(step);
    if (victim && step == 5) {
      const InPhase phase(group->status(), Phase::compute);
      std::this_thread::sleep_for(500ms);
      if (how == "kill") raise(SIGKILL);
      stand_still();
    }
    part->all_reduce_sum(x);
    group->barrier();
  }
}

// Rank 1 takes longer than the time limit, in a way that is no hang.
void slow(const Setting& setting) {
  const auto group = setting.meet();
  for (int step = 1; step <= 4; ++step) {
    if (setting.argument != "first" || step < 3) group->status().begin_step(step);
    if (setting.argument == "first" && step > 1) break;
    const bool late = group->rank() == 1 && step == (setting.argument == "first" ? 1 : 3);
    if (late) {
      const InPhase phase(group->status(), setting.argument == "save" ? Phase::save : Phase::compute);
      for (int i = 0; i < 60; ++i) {
        std::this_thread::sleep_for(100ms);
        if (setting.argument == "slow") group->status().advance();
      }
    }
    group->barrier();
  }
}

// Rank 1 is killed while rank 0 takes a second to write the file of the argument.
void lost_while_saving(const Setting& setting) {
  const auto group = setting.meet();
  group->status().begin_step(1);
  group->barrier();
  if (group->rank() == 1) raise(SIGKILL);
  const InPhase phase(group->status(), Phase::save);
  std::this_thread::sleep_for(1s);
  hpcai::replace_file(setting.argument, "whole");
  group->barrier();
}

void shared_error(const Setting& setting) {
  const auto group = setting.meet();
  group->barrier();
  // As ranks that leave one after the other.
  std::this_thread::sleep_for(group->rank() * 200ms);
  throw hpcai::SharedError(hpcai::ExitCode::diverged, "the loss is not finite");
}

// Steps for ever; says where it is once it is under way.
void step_slowly(const Setting& setting) {
  const auto group = setting.meet();
  for (int step = 1;; ++step) {
    group->status().begin_step(step);
    const InPhase phase(group->status(), Phase::compute);
    std::this_thread::sleep_for(10ms);
    group->barrier();
    if (step == 3) hpcai::replace_file(fmt::format("{}/{}", setting.argument, group->rank()), std::to_string(getpid()));
  }
}

// Steps for a while; the test stops and continues all ranks meanwhile.
void pausable(const Setting& setting) {
  const auto group = setting.meet();
  hpcai::replace_file(fmt::format("{}/{}", setting.argument, group->rank()), std::to_string(getpid()));
  for (int step = 1; step <= 100; ++step) {
    group->status().begin_step(step);
    std::this_thread::sleep_for(20ms);
    group->barrier();
  }
}

// The ranks of the argument, "2,3", stay away.
void missing(const Setting& setting) {
  if (("," + setting.argument + ",").find(fmt::format(",{},", setting.world.rank)) != std::string::npos) {
    std::this_thread::sleep_for(60s);
  }
  setting.meet();
}

std::atomic<int> signals_seen{0};

// Every rank writes its process id into the folder of the argument, then waits for one signal; counts what comes in the
// following half second, and stops cleanly.
void wait_for_signal(const Setting& setting) {
  for (int signal : {SIGINT, SIGTERM, SIGUSR1}) ::signal(signal, [](int) { ++signals_seen; });
  const auto group = setting.meet();
  hpcai::replace_file(fmt::format("{}/{}", setting.argument, group->rank()), std::to_string(getpid()));
  while (signals_seen == 0) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(500ms);
  fmt::print("rank {} saw {} signal\n", group->rank(), signals_seen.load());
  throw hpcai::Error(hpcai::ExitCode::stopped, "stopped");
}

// Rank 0 stops cleanly, the others end as if nothing had been.
void only_one_stops(const Setting& setting) {
  const auto group = setting.meet();
  if (group->rank() == 0) throw hpcai::Error(hpcai::ExitCode::stopped, "stopped");
}

void print_share(const Setting& setting) {
  const auto group = setting.meet();
  const Placement& placement = group->placement();
  const char* threads = std::getenv("OMP_NUM_THREADS");
  fmt::print("rank {} of {} is {} of {} on {} host{}, has {} threads, {}\n", group->rank(), group->size(), placement.local_rank,
             placement.local_size, placement.hosts, placement.one_host() ? "" : "s", threads ? threads : "?",
             share_of_cores(placement));
}

// As Gloo may when another rank has just died.
void broken_pipe(const Setting& setting) {
  const auto group = setting.meet();
  int ends[2];
  check(pipe(ends) == 0, "a pipe");
  close(ends[0]);
  check(write(ends[1], "x", 1) < 0 && errno == EPIPE, "a write without a reader fails");
  group->barrier();
}

}  // namespace

void add_lost_ranks(Scenarios& scenarios) {
  scenarios["throws"] = throws;
  scenarios["killed"] = killed;
  scenarios["frozen"] = frozen;
  scenarios["lose"] = lose;
  scenarios["lose-in-part"] = lose_in_part;
  scenarios["hang-alike"] = hang_alike;
  scenarios["slow"] = slow;
  scenarios["step-slowly"] = step_slowly;
  scenarios["lost-while-saving"] = lost_while_saving;
  scenarios["shared-error"] = shared_error;
  scenarios["pausable"] = pausable;
  scenarios["missing"] = missing;
  scenarios["wait-for-signal"] = wait_for_signal;
  scenarios["only-one-stops"] = only_one_stops;
  scenarios["print-share"] = print_share;
  scenarios["broken-pipe"] = broken_pipe;
}

}  // namespace ranks
