#include "hpcai/distributed/world/peers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "hpcai/core/text.h"

namespace hpcai::distributed {

bool spans_hosts(const std::vector<Peer>& peers) {
  return std::ranges::any_of(peers, [&](const Peer& peer) { return peer.host_identity != peers[0].host_identity; });
}

std::string describe_rank(int rank, const Peer& peer) {
  return fmt::format("rank {} (host {}, process {})", rank, peer.host, peer.process);
}

std::string describe_ranks(const std::vector<int>& ranks) {
  constexpr size_t kShown = 16;
  const std::span<const int> shown(ranks.data(), std::min(ranks.size(), kShown));
  return fmt::format("{} {}{}", plural_noun(std::ssize(ranks), "rank"), fmt::join(shown, ", "),
                     ranks.size() > kShown ? fmt::format(" and {} more", ranks.size() - kShown) : "");
}

}  // namespace hpcai::distributed
