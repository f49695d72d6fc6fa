#include "hpcai/distributed/exchange/process_sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/world/network.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;

namespace {

// A listening socket, and a connection to it with both of its ends.
struct Pair {
  Pair() {
    listening = listen_on("127.0.0.1", 0);
    connect();
  }
  ~Pair() {
    for (const int fd : {listening, outgoing, accepted}) close(fd);
  }
  void connect() {
    outgoing = connect_to("127.0.0.1", port_of(listening), 2s);
    accepted = accept(listening, nullptr, nullptr);
  }
  int listening = -1, outgoing = -1, accepted = -1;
};

bool is_over(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

}  // namespace

TEST_CASE("the sockets of a library are those opened since, without connections to ports that were in use") {
  Pair old;
  const TcpSockets before = process_sockets();
  CHECK(before.at(old.listening) == TcpSocket{true, port_of(old.listening), 0});
  CHECK(before.at(old.outgoing).peer_port == port_of(old.listening));
  Pair library;
  const int outgoing_before = old.outgoing, accepted_before = old.accepted;
  old.connect();  // a stranger connects meanwhile
  const TcpSockets opened = opened_since(before, process_sockets());
  CHECK(opened.size() == 3);
  for (const int fd : {library.listening, library.outgoing, library.accepted}) CHECK(opened.contains(fd));
  close(outgoing_before);
  close(accepted_before);
}

TEST_CASE("ending the connections of a library ends both ends, and leaves other connections alone") {
  Pair old;
  const TcpSockets before = process_sockets();
  Pair library;
  const TcpSockets opened = opened_since(before, process_sockets());
  // The descriptor of the accepted end now belongs to a connection of somebody else.
  Pair other;
  dup2(other.accepted, library.accepted);
  end_connections(opened);
  CHECK(is_over(library.outgoing));
  CHECK_FALSE(is_over(other.outgoing));
  CHECK_FALSE(is_over(old.outgoing));
  CHECK_FALSE(is_over(old.accepted));
}

TEST_CASE("a listening socket that refuses further connections keeps those that it has") {
  const TcpSockets before = process_sockets();
  const int listener = listen_on("127.0.0.1", 0);
  const TcpSockets opened = opened_since(before, process_sockets());
  REQUIRE(opened.size() == 1);
  CHECK(opened.at(listener).listens);

  const int client = connect_to("127.0.0.1", port_of(listener), 2000ms);
  REQUIRE(client >= 0);
  const int server = accept(listener, nullptr, nullptr);
  refuse_further_connections(opened);
  CHECK(connect_to("127.0.0.1", port_of(listener), 300ms) < 0);
  Connection ours(server), theirs(client);
  theirs.send("still here", SteadyClock::now() + 2s);
  CHECK(ours.receive(SteadyClock::now() + 2s) == "still here");
  close(listener);
}
