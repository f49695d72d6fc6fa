#pragma once

#include <vector>

#include "hpcai/distributed/world/peers.h"

namespace hpcai::distributed {

// Where a rank stands among the ranks of its host. Every rank knows it from the same list of peers, so all ranks agree.
struct Placement {
  int hosts = 1;         // of the whole group
  int local_rank = 0;    // counts the ranks of this host from 0, in the order of their ranks
  int local_size = 1;    // ranks of this host
  int core_sharers = 1;  // ranks of this host that may run on the same cores, this one included

  bool one_host() const { return hosts == 1; }
};

// The placement of each rank, by rank. Ranks share a host if their Peer::host_identity is equal, and cores if their
// Peer::core_mask have a bit in common.
std::vector<Placement> place_ranks(const std::vector<Peer>& peers);

}  // namespace hpcai::distributed
