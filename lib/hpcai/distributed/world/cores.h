#pragma once

#include <cstdint>
#include <string>

#include "hpcai/core/threads/choice.h"
#include "hpcai/distributed/world/placement.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Whether the launcher has bound each rank to cores of its own.
bool has_bound_cores(const World& world);

// The cores on which this process may run, for Peer::core_mask.
std::string core_mask();

// This rank's part of the cores that it may use (affinity mask and cgroup quota), below 1 where there are more ranks than cores.
double cores_of_rank(const Placement& placement);

// Threads that this rank computes with: `setting` (training.threads) if that is not 0, else OMP_NUM_THREADS, else its share of
// the cores that the process may use; see hpcai::choose_threads.
ThreadChoice choose_threads(int64_t setting, const Placement& placement);
// The same without a setting.
int share_of_cores(const Placement& placement);

}  // namespace hpcai::distributed
