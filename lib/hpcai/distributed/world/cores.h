#pragma once

#include <cstdint>
#include <string>

#include "hpcai/core/threads/choice.h"
#include "hpcai/distributed/world/placement.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Whether the launcher has bound each rank to its own cores.
bool has_bound_cores(const World& world);

// Returns the cores on which this process may run, in the format of Peer::core_mask.
std::string core_mask();

// Returns this rank's share of the cores that it may use (affinity mask and cgroup quota). It is below 1 for more ranks than
// cores.
double cores_of_rank(const Placement& placement);

// Returns the number of threads with which this rank computes, and the reason: `setting` (training.threads) if it is above 0,
// else OMP_NUM_THREADS, else the rank's share of the cores that the process may use. See hpcai::choose_threads.
ThreadChoice choose_threads(int64_t setting, const Placement& placement);
// The same without a setting and without OMP_NUM_THREADS.
int share_of_cores(const Placement& placement);

}  // namespace hpcai::distributed
