#include "hpcai/distributed/world/placement.h"

#include <algorithm>
#include <map>
#include <string>

namespace hpcai::distributed {
namespace {

bool have_a_common_bit(const std::string& a, const std::string& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if ((a[i] & b[i]) != 0) return true;
  }
  return false;
}

}  // namespace

std::vector<Placement> place_ranks(const std::vector<Peer>& peers) {
  std::map<std::string, std::vector<size_t>> ranks_of_host;
  for (size_t rank = 0; rank < peers.size(); ++rank) ranks_of_host[peers[rank].host_identity].push_back(rank);
  std::vector<Placement> placements(peers.size());
  for (const auto& [host, ranks] : ranks_of_host) {
    for (size_t i = 0; i < ranks.size(); ++i) {
      const auto shares = [&](size_t other) {
        return other == ranks[i] || have_a_common_bit(peers[other].core_mask, peers[ranks[i]].core_mask);
      };
      placements[ranks[i]] = {.hosts = static_cast<int>(ranks_of_host.size()),
                              .local_rank = static_cast<int>(i),
                              .local_size = static_cast<int>(ranks.size()),
                              .core_sharers = static_cast<int>(std::ranges::count_if(ranks, shares))};
    }
  }
  return placements;
}

}  // namespace hpcai::distributed
