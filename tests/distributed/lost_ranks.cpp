#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "scenarios.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

namespace ranks {
namespace {

// Sums for ever; before the tenth, the rank named by the argument does `end`.
void until_lost(const Setting& setting, const std::function<void()>& end) {
  const auto group = setting.meet();
  const int victim = std::stoi(setting.argument);
  const at::Tensor x = at::zeros({100'000});
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
  const char* threads = std::getenv("OMP_NUM_THREADS");
  fmt::print("rank {} of {} has {} threads, {}\n", setting.world.rank, setting.world.size, threads ? threads : "?",
             share_of_cores(setting.world));
}

}  // namespace

void add_lost_ranks(Scenarios& scenarios) {
  scenarios["throws"] = throws;
  scenarios["killed"] = killed;
  scenarios["frozen"] = frozen;
  scenarios["missing"] = missing;
  scenarios["wait-for-signal"] = wait_for_signal;
  scenarios["only-one-stops"] = only_one_stops;
  scenarios["print-share"] = print_share;
}

}  // namespace ranks
