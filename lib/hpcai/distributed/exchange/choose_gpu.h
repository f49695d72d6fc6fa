#pragma once

#include "hpcai/distributed/world/placement.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Throws Error{usage} if this process may use no GPU, without waiting for the other ranks.
void require_gpu();

// The index of this rank's GPU among those that it may use. Launchers show each rank its own GPU only, or all GPUs of the host
// to each; then the rank takes the one of its number on the host. Throws Error{usage} if there are too few, or if the program
// has no code for this one.
int choose_gpu(const World& world, const Placement& placement);

}  // namespace hpcai::distributed
