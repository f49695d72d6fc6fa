#pragma once

#include <vector>

#include "hpcai/distributed/world/peers.h"

namespace hpcai::distributed {

// The position of a rank among the ranks of its host. Every rank computes it from the same list of peers, so all ranks agree.
struct Placement {
  int hosts = 1;         // number of hosts of the whole group
  int local_rank = 0;    // number of this rank among the ranks of its host, from 0, in the order of their ranks
  int local_size = 1;    // number of ranks on this host
  int core_sharers = 1;  // number of ranks of this host that may run on the same cores, this rank included

  bool one_host() const { return hosts == 1; }
};

// Returns the placement of each rank, by rank. Ranks share a host if their Peer::host_identity is equal. They share cores if
// their Peer::core_mask have a common bit.
std::vector<Placement> place_ranks(const std::vector<Peer>& peers);

}  // namespace hpcai::distributed
