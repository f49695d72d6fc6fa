#pragma once

#include <chrono>
#include <string>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// torchrun's agent runs a key-value store without access control. Rank 0 writes the place of its key server there, and the other
// ranks read it. Both functions take at most `limit` and throw Error{peers_unreachable} if the store does not answer.
void publish_place(const World& world, const std::string& place, std::chrono::milliseconds limit);
std::string published_place(const World& world, std::chrono::milliseconds limit);

}  // namespace hpcai::distributed
