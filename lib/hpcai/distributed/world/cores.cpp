#include "hpcai/distributed/world/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

#include "hpcai/core/parallel.h"

namespace hpcai::distributed {

bool has_bound_cores(const World& world) {
  return available_cores() < static_cast<int>(std::thread::hardware_concurrency()) && world.launcher != "nproc";
}

std::string core_mask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "\xff";
  std::string mask(reinterpret_cast<const char*>(&set), sizeof set);
  mask.erase(mask.find_last_not_of('\0') + 1);
  return mask;
}

double cores_of_rank(const Placement& placement) { return static_cast<double>(available_cores()) / placement.core_sharers; }

int share_of_cores(const Placement& placement) { return std::max(1, static_cast<int>(cores_of_rank(placement))); }

}  // namespace hpcai::distributed
