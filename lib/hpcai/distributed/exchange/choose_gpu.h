#pragma once

#include "hpcai/distributed/world/placement.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Throws Error{usage} if this process may use no GPU. Exchanges nothing with other ranks.
void require_gpu();

// Returns the index of this rank's GPU among the GPUs that this process may use. If the launcher shows one GPU to each rank, that
// is 0; if it shows all GPUs of the host, that is the rank's number on the host. Throws Error{usage} if there are too few GPUs or
// if the program has no code for this GPU.
int choose_gpu(const World& world, const Placement& placement);

}  // namespace hpcai::distributed
