#include "hpcai/distributed/exchange/listening_sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/world/network.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

TEST_CASE("a listening socket that refuses further connections keeps those that it has") {
  const auto before = listening_sockets();
  const int listener = listen_on("127.0.0.1", 0);
  const auto after = listening_sockets();
  CHECK(after.size() == before.size() + 1);
  CHECK(after.contains(listener));

  const int client = connect_to("127.0.0.1", port_of(listener), 2000ms);
  REQUIRE(client >= 0);
  const int server = accept(listener, nullptr, nullptr);
  refuse_further_connections(listener);
  CHECK(connect_to("127.0.0.1", port_of(listener), 300ms) < 0);
  Connection ours(server), theirs(client);
  theirs.send("still here", SteadyClock::now() + 2s);
  CHECK(ours.receive(SteadyClock::now() + 2s) == "still here");
  close(listener);
}
