#include "hpcai/distributed/world/placement.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "hpcai/core/threads/cores.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/host_identity.h"

using namespace hpcai::distributed;

namespace {

// Ranks on hosts named by one letter each, "aab", with the cores of `masks`.
std::vector<Placement> place(const std::string& hosts, const std::vector<std::string>& masks = {}) {
  std::vector<Peer> peers;
  for (size_t rank = 0; rank < hosts.size(); ++rank) {
    peers.push_back({.host = "n", .host_identity = hosts.substr(rank, 1), .core_mask = masks.empty() ? "\xff" : masks[rank]});
  }
  return place_ranks(peers);
}

}  // namespace

TEST_CASE("ranks with one host identity share a host, in the order of their ranks") {
  const auto one = place("aaa");
  for (int rank = 0; rank < 3; ++rank) {
    CHECK(one[static_cast<size_t>(rank)].one_host());
    CHECK(one[static_cast<size_t>(rank)].local_rank == rank);
    CHECK(one[static_cast<size_t>(rank)].local_size == 3);
  }
  const auto spread = place("abbca");
  CHECK(spread[0].hosts == 3);
  CHECK_FALSE(spread[0].one_host());
  CHECK(spread[4].local_rank == 1);
  CHECK(spread[4].local_size == 2);
  CHECK(spread[2].local_rank == 1);
  CHECK(spread[3].local_size == 1);
  CHECK(place("a")[0].one_host());
}

TEST_CASE("ranks divide the cores that they share, and keep those to which a launcher has bound them") {
  CHECK(place("aaaa")[2].core_sharers == 4);
  CHECK(place("aabb")[2].core_sharers == 2);
  const auto bound = place("aab", {std::string("\x03"), std::string("\x0c"), std::string("\x03")});
  for (const Placement& placement : bound) CHECK(placement.core_sharers == 1);
  const auto overlapping = place("aaa", {std::string("\x03"), std::string("\x0c"), std::string("\x04")});
  CHECK(overlapping[0].core_sharers == 1);
  CHECK(overlapping[1].core_sharers == 2);
  CHECK(place("aa", {std::string("\0\0\x01", 3), std::string("\x01")})[0].core_sharers == 1);

  unsetenv("OMP_NUM_THREADS");
  CHECK(share_of_cores({.core_sharers = 64}) == std::max(1, hpcai::available_cores() / 64));
  CHECK(share_of_cores({}) == hpcai::available_cores());
}

TEST_CASE("a process knows its host and its cores") {
  CHECK(host_identity() == host_identity());
  CHECK(host_identity().size() > 36);  // a boot id, at least
  CHECK_FALSE(core_mask().empty());
}
