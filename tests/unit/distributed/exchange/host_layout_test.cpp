#include "hpcai/distributed/exchange/host_layout.h"

#include <catch2/catch.hpp>
#include <string>

namespace hpcai::distributed {
namespace {

// One letter for the host of each rank.
std::vector<Peer> on_hosts(const std::string& hosts) {
  std::vector<Peer> peers;
  for (const char host : hosts) peers.push_back({.host = "n", .host_identity = std::string(1, host), .core_mask = "\xff"});
  return peers;
}

}  // namespace

TEST_CASE("ranks know their host, its leader, and the hosts with the most and the fewest ranks") {
  struct Case {
    std::string hosts;
    int rank;
    HostLayout expected;
  };
  const auto [hosts, rank, expected] = GENERATE(values<Case>({
      {"a", 0, {.hosts = 1, .host = 0, .leader = 0, .rank = 0, .ranks = 1, .most = 1, .fewest = 1}},
      {"aaa", 2, {.hosts = 1, .host = 0, .leader = 0, .rank = 2, .ranks = 3, .most = 3, .fewest = 3}},
      {"aabb", 3, {.hosts = 2, .host = 1, .leader = 2, .rank = 1, .ranks = 2, .most = 2, .fewest = 2}},
      {"baba", 2, {.hosts = 2, .host = 0, .leader = 0, .rank = 1, .ranks = 2, .most = 2, .fewest = 2}},
      {"abbcb", 4, {.hosts = 3, .host = 1, .leader = 1, .rank = 2, .ranks = 3, .most = 3, .fewest = 1}},
      {"abbcb", 3, {.hosts = 3, .host = 2, .leader = 3, .rank = 0, .ranks = 1, .most = 3, .fewest = 1}},
  }));
  INFO(hosts << ", rank " << rank);
  const HostLayout layout = lay_out_hosts(on_hosts(hosts), rank);
  CHECK(layout.hosts == expected.hosts);
  CHECK(layout.host == expected.host);
  CHECK(layout.leader == expected.leader);
  CHECK(layout.rank == expected.rank);
  CHECK(layout.ranks == expected.ranks);
  CHECK(layout.most == expected.most);
  CHECK(layout.fewest == expected.fewest);
}

}  // namespace hpcai::distributed
