#include "hpcai/distributed/meeting/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/watch/ranks_lost.h"
#include "hpcai/distributed/world/parent_link.h"

namespace hpcai::distributed {
namespace {

using std::chrono::milliseconds;

// Rank 0's server answers faster than this even on a busy host. A slower program is not this program.
constexpr milliseconds kGreetingPatience{15'000};
constexpr milliseconds kConnectLimit{2000};
constexpr milliseconds kLongestPause{500};

milliseconds time_left(SteadyClock::time_point deadline) {
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
}

// The result of one attempt to connect and greet. A null connection means that nothing listens at the place.
struct Attempt {
  std::unique_ptr<Connection> connection;
  Greeting greeting = Greeting::welcome;
};

Attempt connect_and_greet(const Place& place, const std::string& secret, milliseconds limit) {
  const int fd = connect_to(place.address, place.port, std::min(limit, kConnectLimit));
  if (fd < 0) return {};
  auto connection = std::make_unique<Connection>(fd);
  const Greeting greeting = greet(*connection, secret, SteadyClock::now() + limit);
  return {std::move(connection), greeting};
}

[[noreturn]] void refuse_place(const Place& place, Greeting greeting) {
  if (greeting == Greeting::foreign) {
    throw Error(ExitCode::peers_unreachable,
                fmt::format("rendezvous: another run is meeting at {}, or this one with another secret", describe(place)),
                "Choose another port for one of them with --set distributed.port=PORT or MASTER_PORT; HPCAI_SECRET must be the "
                "same for all ranks.");
  }
  throw Error(ExitCode::peers_unreachable,
              fmt::format("rendezvous: what listens at {}, does not answer like this program", describe(place)),
              "Another program holds the port: choose another with --set distributed.port=PORT or MASTER_PORT.");
}

[[noreturn]] void give_up_search(const World& world, const DistributedConfig& config) {
  const std::string last_port = world.spare_ports > 0 ? fmt::format(" to {}", world.master_port + world.spare_ports) : "";
  const std::string remedy =
      world.master_host_guessed
          ? "The launcher does not tell where rank 0 runs, so it was looked for on this host. If it runs "
            "on another one, set MASTER_ADDR to that host for all ranks."
          : "Check that rank 0 has started, and that MASTER_ADDR and MASTER_PORT are the same for all ranks.";
  throw RanksLost(ExitCode::peers_unreachable,
                  fmt::format("rendezvous: rank 0 did not come within {} s: nothing listens at {}, port {}{}",
                              config.connect_timeout_s, printable(world.master_host, 200), world.master_port, last_port),
                  remedy, {0});
}

// The search for rank 0: the places where it may listen, and the last answer that was not a welcome.
class Search {
 public:
  Search(const World& world, const DistributedConfig& config, const std::string& secret, SteadyClock::time_point deadline)
      : world_(world), config_(config), secret_(secret), deadline_(deadline) {}

  Place run() {
    for (milliseconds pause{10};; pause = std::min(2 * pause, kLongestPause)) {
      if (const auto place = try_all()) return *place;
      end_if_called_again(world_);
      if (SteadyClock::now() + pause > deadline_) break;
      std::this_thread::sleep_for(pause);
    }
    if (refusal_ && !may_pass()) refuse_place(refusal_->first, refusal_->second);
    give_up_search(world_, config_);
  }

 private:
  std::optional<Place> try_all() {
    const auto addresses = addresses_of_rank0(world_, config_);
    for (int port = world_.master_port; port <= world_.master_port + world_.spare_ports; ++port) {
      for (const std::string& address : addresses) {
        const Place place{address, port};
        if (try_at(place)) return place;
      }
    }
    return std::nullopt;
  }

  // After a loss of ranks the place may still belong to the meeting before, or rank 0 may be lost again.
  bool may_pass() const { return world_.parent_fd >= 0 || world_.goes_on_alone(); }

  bool try_at(const Place& place) {
    const auto [connection, greeting] = connect_and_greet(place, secret_, answer_limit());
    if (!connection) return false;
    if (greeting == Greeting::welcome) return true;
    refusal_ = {place, greeting};
    if (world_.spare_ports == 0 && !may_pass() && !may_be_flooded(greeting)) refuse_place(place, greeting);
    return false;
  }

  // Whether a flooded rank 0 may have closed the connection. The search then tries again until kGreetingPatience is over.
  bool may_be_flooded(Greeting greeting) {
    if (greeting != Greeting::closed) return false;
    if (!closed_since_) closed_since_ = SteadyClock::now();
    return SteadyClock::now() - *closed_since_ < kGreetingPatience;
  }

  milliseconds answer_limit() const {
    // With --nproc the parent opens the socket before rank 0 accepts connections.
    if (world_.launcher == "nproc") return time_left(deadline_);
    return world_.spare_ports > 0 ? kConnectLimit : kGreetingPatience;
  }

  const World& world_;
  const DistributedConfig& config_;
  const std::string& secret_;
  SteadyClock::time_point deadline_;
  std::optional<std::pair<Place, Greeting>> refusal_;
  std::optional<SteadyClock::time_point> closed_since_;
};

}  // namespace

void end_if_called_again(const World& world, milliseconds limit) {
  if (!is_called(world.parent_fd, limit)) return;
  throw RanksLost(ExitCode::peers_unreachable, "rendezvous: a rank was lost while the ranks gathered",
                  "Look at its first messages.", {});
}

Place find_rank0(const World& world, const DistributedConfig& config, const std::string& secret,
                 SteadyClock::time_point deadline) {
  return Search(world, config, secret, deadline).run();
}

std::unique_ptr<Connection> connect_to_rank0(const Place& place, const std::string& secret) {
  const auto deadline = SteadyClock::now() + kGreetingPatience;
  while (true) {
    auto [connection, greeting] = connect_and_greet(place, secret, time_left(deadline));
    if (connection && greeting == Greeting::welcome) return std::move(connection);
    if (connection && greeting != Greeting::closed) refuse_place(place, greeting);
    if (SteadyClock::now() + kLongestPause > deadline) throw ConnectionLost("nothing answers at " + describe(place));
    std::this_thread::sleep_for(kLongestPause / 10);
  }
}

}  // namespace hpcai::distributed
