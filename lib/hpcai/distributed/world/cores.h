#pragma once

#include <string>

#include "hpcai/distributed/world/placement.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Whether the launcher has bound each rank to cores of its own.
bool has_bound_cores(const World& world);

// The cores on which this process may run, for Peer::core_mask.
std::string core_mask();

// This rank's part of the cores that it may use, below 1 where there are more ranks than cores.
double cores_of_rank(const Placement& placement);

// Threads for this rank's computations, at least 1.
int share_of_cores(const Placement& placement);

}  // namespace hpcai::distributed
