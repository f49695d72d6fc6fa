#pragma once

#include <vector>

#include "hpcai/distributed/world/peers.h"

namespace hpcai::distributed {

// The place of one rank of a group among the hosts of the group. Every rank computes it from the same list of peers.
struct HostLayout {
  int hosts = 1, host = 0;   // number of hosts, and the number of this rank's host; hosts count in the order of their first ranks
  int leader = 0;            // the first rank on this host
  int rank = 0, ranks = 1;   // the number of this rank on its host, and the number of ranks there
  int most = 1, fewest = 1;  // ranks on the hosts that have the most and the fewest
};

// `peers`: of the ranks of the group, by rank.
HostLayout lay_out_hosts(const std::vector<Peer>& peers, int rank);

}  // namespace hpcai::distributed
