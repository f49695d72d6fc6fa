#include "hpcai/distributed/meeting/place.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/network.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

namespace {

World world_at(const std::string& host) { return {.rank = 0, .size = 2, .master_host = host, .master_port = 29500}; }

// Whether the other ranks look where rank 0 listens.
bool they_meet(const World& world) {
  const auto looked_at = addresses_of_rank0(world, {});
  return std::ranges::count(looked_at, listening_address(world, {})) > 0;
}

}  // namespace

TEST_CASE("ranks on one host meet under every name of it, whatever the launcher tells of the host") {
  for (const std::string& host : {std::string("127.0.0.1"), std::string("127.0.1.1"), std::string("::1"),
                                  std::string("localhost"), std::string("ip6-localhost"), outward_address(), host_name()}) {
    INFO(host);
    World world = world_at(host);
    CHECK(they_meet(world));
    const std::string address = listening_address(world, {});
    world.local_rank = 1;
    world.local_size = 2;
    CHECK(listening_address(world, {}) == address);
    world.local_size = 1;
    CHECK(listening_address(world, {}) == address);
  }
}

TEST_CASE("a name of the loopback keeps the ranks there, a host's own name brings them to its network") {
  CHECK(listening_address(world_at("127.0.1.1"), {}) == "127.0.1.1");
  CHECK(listening_address(world_at("::1"), {}) == "::1");
  CHECK(own_address({}, "::1") == "::1");
  CHECK(own_address({}, "127.0.1.1") == "127.0.1.1");
  if (!is_loopback(outward_address())) {
    CHECK_FALSE(is_loopback(listening_address(world_at(host_name()), {})));
    CHECK(own_address({}, outward_address()) == outward_address());
  }
}

TEST_CASE("ranks that share a host exchange on its loopback, ranks on several hosts on their network") {
  Peer here, there;
  here.host_identity = "a";
  there.host_identity = "b";
  CHECK(exchange_address({here, here, here}, "10.0.0.7") == "127.0.0.1");
  CHECK(exchange_address({here, here}, "fd00::7") == "127.0.0.1");
  CHECK(exchange_address({here, here}, "::1") == "::1");
  CHECK(exchange_address({here, there, here}, "10.0.0.7") == "10.0.0.7");
}

TEST_CASE("a place that is none is refused with the remedy") {
  for (const std::string host : {"0.0.0.0", "::"}) {
    CHECK_THROWS_WITH(listening_address(world_at(host), {}), Contains("names no host"));
    CHECK_THROWS_WITH(addresses_of_rank0(world_at(host), {}), Contains("names no host"));
  }
  CHECK_THROWS_WITH(listening_address(world_at("192.0.2.7"), {}), Contains("does not have that address"));
}

TEST_CASE("a node name that is no host name is replaced by the launcher's address") {
  World world = world_at("no-such-host.invalid");
  CHECK_THROWS_AS(listening_address(world, {}), hpcai::Error);
  world.fallback_host = "127.0.0.1";
  CHECK(listening_address(world, {}) == "127.0.0.1");
  CHECK(they_meet(world));
}

TEST_CASE("a place is read from a store that anybody may write only if it is one") {
  CHECK(place_from_text(to_text({"::1", 29500})).address == "::1");
  CHECK(place_from_text("10.0.0.7 29500").port == 29500);
  for (const char* text : {"", "10.0.0.7", "10.0.0.7 0", "10.0.0.7 70000", "10.0.0.7 29500 x", "somewhere 29500", " 29500",
                           "10.0.0.7 -1", "\x1b[2J 29500"}) {
    INFO(text);
    CHECK_THROWS_AS(place_from_text(text), hpcai::Error);
  }
  CHECK_THROWS_WITH(place_from_text("\x1b[2J\nerror: forged"), Contains("\\x1b[2J\\nerror: forged"));
}
