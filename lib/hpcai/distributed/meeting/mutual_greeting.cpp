#include "hpcai/distributed/meeting/mutual_greeting.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include "hpcai/core/sha256.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMutualMagic = "hpcai-train links 1\n";
constexpr auto kMoment = 2ms;     // a deadline so long ago makes receive() return at once
constexpr auto kPause = 100ms;    // the longest time until a waiting rank notices that it must give up
constexpr auto kCallLimit = 10s;  // for the kernel of the other host, which answers without the other rank
constexpr auto kCallSlice = 1s;   // after it the kernel would repeat its request, too
constexpr auto kSendLimit = 1s;   // a greeting fits into the buffer of a new connection
constexpr size_t kMostStrangers = 32;

using Connections = std::vector<std::unique_ptr<Connection>>;

std::string proof_of_listener(const MutualGreeting& self, int from, int to, std::string_view first, std::string_view second) {
  return proof(self.secret, fmt::format("{}/{} asks {}", self.group, from, to), second, first);
}
std::string proof_of_caller(const MutualGreeting& self, int from, int to, std::string_view first, std::string_view second) {
  return proof(self.secret, fmt::format("{}/{} answers {}", self.group, from, to), first, second);
}

void check_limits(const MutualGreeting& self, const char* missing) {
  if (self.abandoned) throw ConnectionLost("given up");
  if (SteadyClock::now() >= self.deadline) throw ConnectionLost(missing);
}

std::string next_message(const MutualGreeting& self, Connection& connection) {
  while (true) {
    if (auto message = connection.receive(SteadyClock::now() + kPause)) return std::move(*message);
    check_limits(self, "a rank does not answer a greeting");
  }
}

// Returns a socket that is connected to `place`. Tries in slices, between which it notices that this rank must give up.
int reach(const MutualGreeting& self, const Place& place) {
  const auto end = SteadyClock::now() + kCallLimit;
  while (true) {
    const auto slice_end = SteadyClock::now() + kCallSlice;
    const int fd = connect_to(place.address, place.port, kCallSlice);
    if (fd >= 0) return fd;
    const auto now = SteadyClock::now();
    if (now < slice_end || now >= end) throw ConnectionLost(fmt::format("no connection to {}", describe(place)));
    check_limits(self, "a rank cannot be reached");
  }
}

// Connects to rank `to`.
std::unique_ptr<Connection> call(const MutualGreeting& self, int to, const Place& place) {
  auto connection = std::make_unique<Connection>(reach(self, place));
  connection->limit_messages(kLongestGreeting);
  const std::string mine = random_number();
  const auto limit = SteadyClock::now() + kSendLimit;
  connection->send(Packer().text(kMutualMagic).number(self.rank).text(mine).bytes(), limit);
  const std::string answer = next_message(self, *connection);
  Unpacker fields(answer);
  const std::string theirs = fields.text();
  if (!same_digest(fields.text(), proof_of_listener(self, self.rank, to, mine, theirs))) {
    throw ConnectionLost("another program answers in place of a rank");
  }
  connection->send(Packer().text(proof_of_caller(self, self.rank, to, mine, theirs)).bytes(), SteadyClock::now() + kSendLimit);
  return connection;
}

// A connection whose other end has proved nothing yet.
struct Caller {
  std::unique_ptr<Connection> connection;
  int rank = -1;  // as it says
  std::string theirs, mine;
};

// Answers the first message of a caller.
void answer(const MutualGreeting& self, int size, Caller& caller, const std::string& message) {
  Unpacker fields(message);
  const bool greets = fields.text() == kMutualMagic;
  const int64_t rank = fields.number();
  if (!greets || rank <= self.rank || rank >= size) throw ConnectionLost("not a rank that connects to this one");
  caller.rank = static_cast<int>(rank);
  caller.theirs = fields.text();
  caller.mine = random_number();
  const std::string mine = proof_of_listener(self, caller.rank, self.rank, caller.theirs, caller.mine);
  caller.connection->send(Packer().text(caller.mine).text(mine).bytes(), SteadyClock::now() + kSendLimit);
}

bool has_proved(const MutualGreeting& self, const Caller& caller, const std::string& message) {
  return same_digest(Unpacker(message).text(), proof_of_caller(self, caller.rank, self.rank, caller.theirs, caller.mine));
}

// Takes what a caller has sent. Returns whether the caller stays: it is dropped when it has left, has sent something else than a
// greeting, or has become a connection.
bool serve(const MutualGreeting& self, Caller& caller, Connections& connections) {
  try {
    const auto message = caller.connection->receive(SteadyClock::now() - kMoment);
    if (!message) return true;
    if (caller.rank < 0) {
      answer(self, static_cast<int>(connections.size()), caller, *message);
      return true;
    }
    auto& connection = connections[static_cast<size_t>(caller.rank)];
    if (!connection && has_proved(self, caller, *message)) connection = std::move(caller.connection);
  } catch (const std::runtime_error&) {  // a stranger
  }
  return false;
}

void wait_for_callers(const Acceptor& acceptor, const std::list<Caller>& callers) {
  std::vector<pollfd> entries{{acceptor.socket_to_poll(SteadyClock::now()), POLLIN, 0}};
  for (const Caller& caller : callers) entries.push_back({caller.connection->fd(), POLLIN, 0});
  const auto pause = entries.front().fd < 0 ? kPause / 10 : kPause;  // the acceptor rests for a hundredth of a second
  poll(entries.data(), entries.size(), static_cast<int>(pause.count()));
}

// Accepts the connections of the ranks behind this one.
void accept_callers(const MutualGreeting& self, Acceptor& acceptor, Connections& connections) {
  std::list<Caller> callers;
  const auto all_there = [&] {
    return std::all_of(connections.begin() + self.rank + 1, connections.end(), [](const auto& c) { return c != nullptr; });
  };
  while (!all_there()) {
    check_limits(self, "a rank does not connect to this one");
    wait_for_callers(acceptor, callers);
    const Acceptor::Batch batch = acceptor.take(SteadyClock::now());
    if (batch.out_of_descriptors && !callers.empty()) callers.pop_front();
    for (const int fd : batch.sockets) {
      callers.push_back({.connection = std::make_unique<Connection>(fd), .theirs = {}, .mine = {}});
      callers.back().connection->limit_messages(kLongestGreeting);
      if (callers.size() > kMostStrangers + connections.size()) callers.pop_front();
    }
    std::erase_if(callers, [&](Caller& caller) { return !serve(self, caller, connections); });
  }
}

}  // namespace

Connections connect_mutually(const MutualGreeting& self, Acceptor& acceptor, const std::vector<Place>& places) {
  Connections connections(places.size());
  try {
    for (int to = 0; to < self.rank; ++to) connections[static_cast<size_t>(to)] = call(self, to, places[static_cast<size_t>(to)]);
    accept_callers(self, acceptor, connections);
  } catch (const ConnectionLost&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw ConnectionLost(error.what());
  }
  for (const auto& connection : connections) {
    if (connection) connection->limit_messages(kLongestMessage);
  }
  return connections;
}

}  // namespace hpcai::distributed
