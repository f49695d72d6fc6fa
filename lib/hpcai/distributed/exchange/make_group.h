#pragma once

#include <memory>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// The group of all ranks of the world. It meets the other ranks within distributed.connect_timeout_s. A world of one rank needs
// no network (but gets an NCCL group where `backend: nccl` demands one). With `use_gpu` this loads libhpcai_cuda.so and chooses
// the GPU.
//
// Throws Error{usage} for a backend that does not fit the device or a GPU that cannot be used, Error{peers_unreachable} naming
// the ranks that did not come, or the port that another program holds.
std::unique_ptr<Group> make_group(const World& world, const DistributedConfig& config, bool use_gpu);

}  // namespace hpcai::distributed
