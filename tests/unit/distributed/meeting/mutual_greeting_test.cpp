#include "hpcai/distributed/meeting/mutual_greeting.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/wire.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;
using Connections = std::vector<std::unique_ptr<Connection>>;

// Threads play the ranks of a group.
struct Ranks {
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  std::vector<Place> places;
  std::atomic<bool> abandoned{false};

  explicit Ranks(int count, const std::string& address = "127.0.0.1") {
    for (int rank = 0; rank < count; ++rank) {
      acceptors.push_back(std::make_unique<Acceptor>(listen_on(address, 0)));
      places.push_back({address, acceptors.back()->port()});
    }
  }
  Connections connect(int rank, const std::string& secret = "secret", std::chrono::milliseconds limit = 20s) {
    const MutualGreeting self{
        .secret = secret, .group = "all", .rank = rank, .deadline = SteadyClock::now() + limit, .abandoned = abandoned};
    return connect_mutually(self, *acceptors[static_cast<size_t>(rank)], places);
  }
};

std::vector<Connections> connect_all(Ranks& ranks) {
  std::vector<Connections> connections(ranks.places.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < connections.size(); ++rank) {
    threads.emplace_back([&, rank] { connections[rank] = ranks.connect(static_cast<int>(rank)); });
  }
  for (std::thread& thread : threads) thread.join();
  return connections;
}

// Whether each rank reaches each other rank by its connection.
void check_connections(const std::vector<Connections>& connections) {
  for (size_t from = 0; from < connections.size(); ++from) {
    for (size_t to = 0; to < connections.size(); ++to) {
      REQUIRE((connections[from][to] != nullptr) == (from != to));
      if (from == to) continue;
      connections[from][to]->send(std::to_string(from), SteadyClock::now() + 5s);
      CHECK(connections[to][from]->receive(SteadyClock::now() + 5s) == std::to_string(from));
    }
  }
}

std::unique_ptr<Connection> stranger(const Place& place) {
  const int fd = connect_to(place.address, place.port, 5s);
  REQUIRE(fd >= 0);
  return std::make_unique<Connection>(fd);
}

// Rank 0, which waits for the others in a thread of its own.
class Listener {
 public:
  Listener(Ranks& ranks, const std::string& secret)
      : ranks_(ranks), thread_([this, secret] {
          try {
            ranks_.connect(0, secret);
          } catch (const ConnectionLost& error) {
            failure_ = error.what();
          }
        }) {}
  ~Listener() { give_up(); }
  // Ends its waiting. Returns why it has not connected; empty if it has.
  std::string give_up() {
    ranks_.abandoned = true;
    if (thread_.joinable()) thread_.join();
    return failure_;
  }

 private:
  Ranks& ranks_;
  std::string failure_;
  std::thread thread_;
};

std::string first_message(int64_t rank, const std::string& number) {
  return Packer().text("hpcai-train links 1\n").number(rank).text(number).bytes();
}

}  // namespace

TEST_CASE("all ranks of a group connect to each other, over IPv4 and IPv6") {
  const std::string address = GENERATE("127.0.0.1", "::1");
  if (address == "::1" && std::ranges::count(local_addresses(), address) == 0) return;  // a host without IPv6
  const int count = GENERATE(1, 2, 5);
  Ranks ranks(count, address);
  check_connections(connect_all(ranks));
}

TEST_CASE("strangers do not disturb the ranks that connect to each other") {
  Ranks ranks(3);
  const Place& place = ranks.places[0];
  std::vector<std::unique_ptr<Connection>> strangers;
  for (int i = 0; i < 40; ++i) strangers.push_back(stranger(place));  // silent ones
  strangers.push_back(stranger(place));
  strangers.back()->send("GET / HTTP/1.1", SteadyClock::now() + 1s);
  strangers.push_back(stranger(place));
  const std::string too_long(4, '\x7f');
  CHECK(send(strangers.back()->fd(), too_long.data(), too_long.size(), MSG_NOSIGNAL) == 4);
  for (const int64_t rank : {-1, 0, 1, 2, 3, 1 << 30}) {
    strangers.push_back(stranger(place));
    strangers.back()->send(first_message(rank, "1"), SteadyClock::now() + 1s);
    strangers.back()->send(Packer().text(std::string(64, '0')).bytes(), SteadyClock::now() + 1s);  // a proof of nothing
  }
  strangers.push_back(stranger(place));
  shutdown(strangers.back()->fd(), SHUT_RDWR);
  check_connections(connect_all(ranks));
}

TEST_CASE("a rank connects to nobody who does not know the secret") {
  Ranks ranks(2);
  Listener listener(ranks, "another secret");
  CHECK_THROWS_WITH(ranks.connect(1), Catch::Matchers::Contains("another program answers"));
  CHECK(listener.give_up() == "given up");
}

TEST_CASE("the proof of a rank is worth nothing in another connection") {
  Ranks ranks(2);
  Listener listener(ranks, "secret");
  const auto thief = stranger(ranks.places[0]);
  thief->send(first_message(1, "1"), SteadyClock::now() + 1s);
  const auto answer = thief->receive(SteadyClock::now() + 20s);
  REQUIRE(answer);
  Unpacker fields(*answer);
  fields.text();
  thief->send(Packer().text(fields.text()).bytes(), SteadyClock::now() + 1s);  // the listener's own proof
  CHECK_THROWS_AS(thief->receive(SteadyClock::now() + 20s), ConnectionLost);   // it is dropped
  CHECK(listener.give_up() == "given up");
}

TEST_CASE("a rank does not wait for a host that answers no request for a connection beyond its own limit") {
  Ranks ranks(2);
  REQUIRE(listen(ranks.acceptors[0]->socket_to_poll(SteadyClock::now()), 0) == 0);  // the kernel drops what does not fit
  std::vector<int> queue;
  for (int i = 0; i < 4; ++i) queue.push_back(connect_to("127.0.0.1", ranks.places[0].port, 50ms));
  REQUIRE(queue.back() < 0);
  const auto start = SteadyClock::now();
  CHECK_THROWS_AS(ranks.connect(1, "secret", 100ms), ConnectionLost);
  CHECK(SteadyClock::now() - start < 8s);
  for (const int fd : queue) {
    if (fd >= 0) close(fd);
  }
}

TEST_CASE("a rank does not wait for ever for one that does not come") {
  Ranks ranks(2);
  CHECK_THROWS_WITH(ranks.connect(0, "secret", 100ms), Catch::Matchers::Contains("does not connect"));
  CHECK_THROWS_WITH(ranks.connect(1, "secret", 100ms), Catch::Matchers::Contains("does not answer"));
  std::thread abandons([&] {
    std::this_thread::sleep_for(50ms);
    ranks.abandoned = true;
  });
  CHECK_THROWS_WITH(ranks.connect(0), Catch::Matchers::Contains("given up"));
  abandons.join();
}

}  // namespace hpcai::distributed
