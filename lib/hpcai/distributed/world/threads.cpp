#include "hpcai/distributed/world/threads.h"

#include <algorithm>

#include "hpcai/core/threads/cores.h"

namespace hpcai::distributed {

bool has_bound_cores(const World& world) {
  const CoreLimits& limits = own_core_limits();
  return limits.mask < limits.machine && world.launcher != "nproc";
}

double cores_of_rank(const World& world) {
  const CoreLimits& limits = own_core_limits();
  const double of_mask = static_cast<double>(limits.mask) / (has_bound_cores(world) ? 1 : world.local_size);
  return limits.quota ? std::min(of_mask, limits.quota->cores / world.local_size) : of_mask;
}

int share_of_cores(const World& world) { return choose_threads(0, world).threads; }

ThreadChoice choose_threads(int64_t setting, const World& world) {
  return hpcai::choose_threads({.setting = setting,
                                .from_openmp = openmp_threads(),
                                .ranks_on_mask = has_bound_cores(world) ? 1 : world.local_size,
                                .ranks_on_host = world.local_size},
                               own_core_limits());
}

}  // namespace hpcai::distributed
