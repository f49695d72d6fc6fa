#include "hpcai/distributed/exchange/host_layout.h"

#include <algorithm>
#include <string>

namespace hpcai::distributed {

HostLayout lay_out_hosts(const std::vector<Peer>& peers, int rank) {
  std::vector<std::string> identities;
  std::vector<std::vector<int>> ranks_of_host;
  HostLayout layout;
  for (int other = 0; other < static_cast<int>(peers.size()); ++other) {
    const std::string& identity = peers[static_cast<size_t>(other)].host_identity;
    const auto host = static_cast<size_t>(std::ranges::find(identities, identity) - identities.begin());
    if (host == identities.size()) {
      identities.push_back(identity);
      ranks_of_host.emplace_back();
    }
    if (other == rank) {
      layout.host = static_cast<int>(host);
      layout.rank = static_cast<int>(ranks_of_host[host].size());
    }
    ranks_of_host[host].push_back(other);
  }
  const auto& own = ranks_of_host[static_cast<size_t>(layout.host)];
  const auto [fewest, most] = std::ranges::minmax(ranks_of_host, {}, &std::vector<int>::size);
  layout.hosts = static_cast<int>(ranks_of_host.size());
  layout.leader = own.front();
  layout.ranks = static_cast<int>(own.size());
  layout.fewest = static_cast<int>(fewest.size());
  layout.most = static_cast<int>(most.size());
  return layout;
}

}  // namespace hpcai::distributed
