#include "hpcai/distributed/world/cores.h"

#include <sched.h>

#include <algorithm>

#include "hpcai/core/threads/cores.h"

namespace hpcai::distributed {

bool has_bound_cores(const World& world) {
  const CoreLimits& limits = own_core_limits();
  return limits.mask < limits.machine && world.launcher != "nproc";
}

std::string core_mask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "\xff";
  std::string mask(reinterpret_cast<const char*>(&set), sizeof set);
  mask.erase(mask.find_last_not_of('\0') + 1);
  return mask;
}

double cores_of_rank(const Placement& placement) {
  const CoreLimits& limits = own_core_limits();
  const double of_mask = static_cast<double>(limits.mask) / placement.core_sharers;
  return limits.quota ? std::min(of_mask, limits.quota->cores / placement.local_size) : of_mask;
}

ThreadChoice choose_threads(int64_t setting, const Placement& placement) {
  return hpcai::choose_threads({.setting = setting,
                                .from_openmp = openmp_threads(),
                                .ranks_on_mask = placement.core_sharers,
                                .ranks_on_host = placement.local_size},
                               own_core_limits());
}

int share_of_cores(const Placement& placement) { return choose_threads(0, placement).threads; }

}  // namespace hpcai::distributed
