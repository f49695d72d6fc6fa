#include "hpcai/core/threads/openmp.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "hpcai/core/threads/choice.h"
#include "hpcai/core/threads/openmp_abi.h"
#include "hpcai/core/threads/openmp_region.h"
#include "hpcai/core/threads/start.h"

namespace hpcai {
namespace {

// Longer than the pause between most operators of a training, and short compared with a time slice of the scheduler.
constexpr double kSpinMicroseconds = 50;

bool asks(const char* variable) {
  const char* const value = std::getenv(variable);
  return value && *value && strcasecmp(value, "false") != 0;
}

// The user's GOMP_SPINCOUNT and OMP_WAIT_POLICY apply to the team, too.
std::optional<int64_t> spins_of_user() {
  if (const char* const count = std::getenv("GOMP_SPINCOUNT")) {
    char* end = nullptr;
    const double value = std::strtod(count, &end);  // strtod also accepts "infinity"
    if (end != count && value >= 0) return static_cast<int64_t>(std::min(value, 1e15));
  }
  const char* const policy = std::getenv("OMP_WAIT_POLICY");
  if (policy && strcasecmp(policy, "passive") == 0) return 0;
  if (policy && strcasecmp(policy, "active") == 0) return team::spins_of(100'000);
  return std::nullopt;
}

// Threads that share cores do not spin, because they would take the core from a thread that works.
void set_spins(int threads) {
  static const std::optional<int64_t> of_user = spins_of_user();
  static const int64_t usual = team::spins_of(kSpinMicroseconds);
  team::set_spins(of_user.value_or(threads <= available_cores() ? usual : 0));
}

}  // namespace

namespace openmp {

const Libgomp* libgomp() {
  static const Libgomp* const used = [] {
    const bool bound = asks("OMP_PROC_BIND") || asks("OMP_PLACES") || asks("GOMP_CPU_AFFINITY");
    static const Libgomp found;
    return (bound || !HPCAI_TEAM_SERVES_OPENMP) && found.parallel ? &found : nullptr;
  }();
  return used;
}

std::atomic<int>& default_threads() {
  static std::atomic<int> threads{[] {
    const int count = openmp_threads().value_or(std::min(available_cores(), team::kMostThreads));
    set_spins(count);
    return count;
  }()};
  return threads;
}

}  // namespace openmp

bool team_serves_openmp() { return !openmp::libgomp(); }

int compute_threads() {
  if (const auto* libgomp = openmp::libgomp()) return libgomp->get_max_threads();
  return openmp::default_threads();
}

void set_compute_threads(int threads) {
  if (const auto* libgomp = openmp::libgomp()) {
    require_threads(threads - 1, fmt::format("cannot compute with {} threads", threads));
    return libgomp->set_num_threads(threads);
  }
  threads = std::clamp(threads, 1, team::kMostThreads);
  set_spins(threads);
  team::grow(threads);
  openmp::default_threads() = threads;
}

void run_parts(int count, team::Part part, void* data) {
  const auto* const libgomp = openmp::libgomp();
  const bool nested = libgomp ? libgomp->in_parallel() != 0 : openmp::member().region || team::inside();
  if (count == 1 || nested) {
    for (int number = 0; number < count; ++number) part(data, number);
  } else if (!libgomp) {
    team::run(count, part, data);
  } else {
    struct Parts {
      const openmp::Libgomp& libgomp;
      int count;
      team::Part part;
      void* data;
    } parts{*libgomp, count, part, data};
    libgomp->parallel(
        [](void* of) {
      const Parts& all = *static_cast<Parts*>(of);
      for (int i = all.libgomp.get_thread_num(); i < all.count; i += all.libgomp.get_num_threads()) all.part(all.data, i);
        },
        &parts, static_cast<unsigned>(count), 0);
  }
}

std::string describe_waiting() {
  if (!team_serves_openmp()) return "as libgomp does, since OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY is set";
  if (const auto spins = spins_of_user()) return fmt::format("asleep after {} looks (GOMP_SPINCOUNT, OMP_WAIT_POLICY)", *spins);
  return fmt::format("asleep after {} microseconds", kSpinMicroseconds);
}

}  // namespace hpcai
