#pragma once

#include <memory>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Returns the group of all ranks of the world. It meets the other ranks within distributed.connect_timeout_s. A world of one rank
// uses no network, except for NCCL with `backend: nccl`. With `use_gpu` it loads libhpcai_cuda.so and chooses the GPU.
//
// Throws Error{usage} for a backend that does not fit the device and for a GPU that cannot be used. Throws
// Error{peers_unreachable} that names the missing ranks or the port that another program holds.
std::unique_ptr<Group> make_group(const World& world, const DistributedConfig& config, bool use_gpu);

}  // namespace hpcai::distributed
