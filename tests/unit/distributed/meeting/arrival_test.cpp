#include "hpcai/distributed/meeting/arrival.h"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace hpcai::distributed {
using Catch::Matchers::Contains;

TEST_CASE("what a rank tells of itself comes back as it was sent") {
  const Arrival mine = own_arrival({.size = 3}, true);
  const Arrival back = arrival_from_bytes(to_bytes(mine));
  CHECK(back.world_size == 3);
  CHECK(back.peer.host == mine.peer.host);
  CHECK(back.peer.process == getpid());
  CHECK(back.peer.gpu);
  CHECK(back.peer.host_identity == mine.peer.host_identity);
  CHECK(back.peer.core_mask == mine.peer.core_mask);
  CHECK_THROWS(arrival_from_bytes("short"));

  const Outcome outcome = outcome_from_bytes(to_bytes(outcome_of({mine, mine, mine})));
  CHECK(outcome.kind == Outcome::Kind::all_there);
  REQUIRE(outcome.peers.size() == 3);
  CHECK(outcome.peers[2].host_identity == mine.peer.host_identity);
}

TEST_CASE("a host name of another rank cannot forge lines of the log") {
  const Arrival arrival{1, {.host = "n1\nerror: forged\x1b[2J", .process = 7}};
  const Peer peer = arrival_from_bytes(to_bytes(arrival)).peer;
  CHECK(describe_rank(3, peer) == "rank 3 (host n1\\nerror: forged\\x1b[2J, process 7)");
  CHECK(arrival_from_bytes(to_bytes(Arrival{1, {.host = std::string(100'000, 'x')}})).peer.host.size() < 300);
  const Outcome outcome = outcome_from_bytes(to_bytes(Outcome{Outcome::Kind::ranks_missing, "gone\x07", {}}));
  CHECK(outcome.reason == "gone\\x07");
}

TEST_CASE("ranks that were told different numbers of ranks are named") {
  const Outcome outcome = outcome_of({{2, {.host = "n0"}}, {3, {.host = "n1", .process = 9}}});
  CHECK(outcome.kind == Outcome::Kind::worlds_differ);
  CHECK_THAT(outcome.reason, Contains("rank 1 (host n1, process 9) was told that there are 3 ranks, rank 0 that there are 2"));
}

}  // namespace hpcai::distributed
