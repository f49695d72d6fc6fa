#pragma once

#include <memory>
#include <string>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/meeting/place.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Looks for rank 0 at all places where it may listen until it answers and both sides have proved the secret. Throws
// Error{peers_unreachable} if another program or another run answers there, or nothing does before the deadline.
Place find_rank0(const World& world, const DistributedConfig& config, const std::string& secret,
                 SteadyClock::time_point deadline);

// A further connection to rank 0, greeted. Throws ConnectionLost if nothing answers there, Error{peers_unreachable} as above.
std::unique_ptr<Connection> connect_to_rank0(const Place& place, const std::string& secret);

}  // namespace hpcai::distributed
