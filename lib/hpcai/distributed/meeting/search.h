#pragma once

#include <memory>
#include <string>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/meeting/place.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// The parent of --nproc calls to another meeting if a rank was lost while the ranks gather. Then this function throws RanksLost.
// It waits for the call for at most `limit`.
void end_if_called_again(const World& world, std::chrono::milliseconds limit = {});

// Tries all places where rank 0 may listen, until rank 0 answers and both sides have proved the secret. Returns that place.
// Throws Error{peers_unreachable} if another program or another run answers, RanksLost if rank 0
// does not answer before the deadline, or as end_if_called_again().
Place find_rank0(const World& world, const DistributedConfig& config, const std::string& secret,
                 SteadyClock::time_point deadline);

// Returns another greeted connection to rank 0. Throws ConnectionLost if nothing answers, Error{peers_unreachable} as above.
std::unique_ptr<Connection> connect_to_rank0(const Place& place, const std::string& secret);

}  // namespace hpcai::distributed
