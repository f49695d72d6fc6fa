#pragma once

#include <chrono>
#include <string>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// torchrun's agent serves a store of its own, open to everybody. The ranks use it for one thing only: rank 0 writes there
// where its key server listens, and the others read it. Both throw Error{peers_unreachable}.
void publish_place(const World& world, const std::string& place, std::chrono::milliseconds limit);
std::string published_place(const World& world, std::chrono::milliseconds limit);

}  // namespace hpcai::distributed
