#include "hpcai/distributed/meeting/rendezvous.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/meeting/launcher_store.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/meeting/secret.h"

namespace hpcai::distributed {
namespace {

using std::chrono::milliseconds;

// Once something accepts connections, rank 0's server answers at once even on a busy host; whatever takes longer is not ours.
constexpr milliseconds kAnswerLimit{15'000};
constexpr milliseconds kConnectLimit{2000};
constexpr milliseconds kTellLimit{3000};

milliseconds left(SteadyClock::time_point deadline) {
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
}

std::string get(c10d::Store& store, const std::string& key) {
  const auto bytes = store.get(key);
  return {bytes.begin(), bytes.end()};
}

[[noreturn]] void fail(const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::peers_unreachable, "rendezvous: " + what, remedy);
}

// A host without any network but its loopback cannot have ranks elsewhere, whatever the launcher calls its nodes.
std::string first_outward_address() {
  for (const std::string& address : local_addresses()) {
    if (!is_loopback(address)) return address;
  }
  return "127.0.0.1";
}

// The host of rank 0 by a name or an address that this host knows.
std::string known_master_host(const World& world) {
  if (world.fallback_host.empty()) return world.master_host;
  try {
    resolve(world.master_host);
  } catch (const Error&) {
    return world.fallback_host;
  }
  return world.master_host;
}

// The address of this host to use where its name leads to the loopback, which no other host can reach.
std::string instead_of_loopback(const DistributedConfig& config) {
  return config.interface.empty() ? first_outward_address() : addresses_of_interface(config.interface).front();
}

// Where the other ranks look for rank 0. One that finds the loopback under the name shares the host with rank 0, as several
// Slurm nodes may share one.
std::string place_to_look(const World& world, const DistributedConfig& config) {
  const std::string host = known_master_host(world);
  return !world.one_host() && is_loopback(resolve(host).front()) ? instead_of_loopback(config) : host;
}

// The one address on which rank 0 listens: that of the meeting host's name, on the chosen interface if the name has one
// there. Many hosts map their own name to the loopback, which no other host can reach.
std::string meeting_address(const World& world, const DistributedConfig& config) {
  const auto own = local_addresses();
  const auto chosen = config.interface.empty() ? std::vector<std::string>{} : addresses_of_interface(config.interface);
  const std::string host = known_master_host(world);
  const auto named = resolve(host);
  const auto among = [](const auto& list, const auto& address) { return std::ranges::count(list, address) > 0; };
  std::string best;
  for (const std::string& address : named) {
    if (among(chosen, address)) return address;
    if (best.empty() && (among(own, address) || is_loopback(address))) best = address;
  }
  if (best.empty()) {
    fail(fmt::format("the ranks are to meet at {}{}, but rank 0 runs on {}, which does not have that address", host,
                     host == world.master_host ? "" : fmt::format(" (the name {} is unknown here)", world.master_host),
                     host_name()),
         "Set MASTER_ADDR to the host of rank 0.");
  }
  return is_loopback(best) && !world.one_host() ? instead_of_loopback(config) : best;
}

// How the other ranks reach this one, seen from a place where all meet.
std::string own_address(const World& world, const DistributedConfig& config, const std::string& meeting) {
  if (world.one_host() && is_loopback(meeting)) return meeting;
  if (!config.interface.empty()) return addresses_of_interface(config.interface).front();
  const std::string address = source_address(meeting);
  return address.empty() || (is_loopback(address) && !world.one_host()) ? first_outward_address() : address;
}

// Where rank 0's server listens.
struct Place {
  std::string address;
  int port = 0;
};

std::string describe(const Place& place) { return fmt::format("{}, port {}", place.address, place.port); }

// Starts rank 0's server.
Place serve(const World& world, const DistributedConfig& config, const std::string& secret, Meeting& meeting,
            SteadyClock::time_point deadline) {
  const bool inherited = world.listen_fd >= 0;
  std::string address = world.master_host;
  if (world.launcher_listens) address = own_address(world, config, resolve(world.master_host).front());
  if (!world.launcher_listens && !inherited) address = meeting_address(world, config);
  const int first = world.launcher_listens ? 0 : world.master_port;
  meeting.server =
      std::make_unique<KeyServer>(inherited ? world.listen_fd : listen_on(address, first, world.spare_ports), secret);
  meeting.open = [server = meeting.server.get()] { return server->connect_locally(); };
  const Place place{address, meeting.server->port()};
  if (world.launcher_listens) publish_place(world, fmt::format("{} {}", place.address, place.port), left(deadline));
  if (!world.one_host() && secret_is_guessable(world, process_environment())) {
    log::warning(
        "other users of these hosts could guess the secret with which the ranks meet; set a private one before the launch: "
        "export HPCAI_SECRET=$(head -c 32 /dev/urandom | base64 -w 0)");
  }
  return place;
}

// What a knock at one place brought.
struct Knock {
  std::unique_ptr<Connection> connection;
  Greeting greeting = Greeting::welcome;
};

Knock knock(const Place& place, const std::string& secret, milliseconds limit) {
  const int fd = connect_to(place.address, place.port, std::min(limit, kConnectLimit));
  if (fd < 0) return {};
  auto connection = std::make_unique<Connection>(fd);
  const Greeting greeting = greet(*connection, secret, SteadyClock::now() + limit);
  return {std::move(connection), greeting};
}

[[noreturn]] void refuse(const Place& place, Greeting greeting) {
  if (greeting == Greeting::foreign) {
    fail(fmt::format("another run is meeting at {}, or this one with another secret", describe(place)),
         "Choose another port for one of them with --set distributed.port=PORT or MASTER_PORT; HPCAI_SECRET must be the same for "
         "all ranks.");
  }
  fail(fmt::format("what listens at {}, does not answer like this program", describe(place)),
       "Another program holds the port: choose another with --set distributed.port=PORT or MASTER_PORT.");
}

// Knocks at all places where rank 0 may listen until it answers.
Place find_rank0(const World& world, const DistributedConfig& config, const std::string& secret,
                 SteadyClock::time_point deadline) {
  // The socket of --nproc listens before rank 0 does.
  const milliseconds limit = world.launcher == "nproc" ? left(deadline) : world.spare_ports > 0 ? kConnectLimit : kAnswerLimit;
  std::optional<std::pair<Place, Greeting>> refused;
  for (milliseconds pause{10};; pause = std::min(2 * pause, milliseconds{500})) {
    const auto addresses = resolve(place_to_look(world, config));
    for (int port = world.master_port; port <= world.master_port + world.spare_ports; ++port) {
      for (const std::string& address : addresses) {
        const Place place{address, port};
        const auto [connection, greeting] = knock(place, secret, limit);
        if (!connection) continue;
        if (greeting == Greeting::welcome) return place;
        refused = {place, greeting};
        if (world.spare_ports == 0) refuse(place, greeting);
      }
    }
    if (SteadyClock::now() + pause > deadline) break;
    std::this_thread::sleep_for(pause);
  }
  if (refused) refuse(refused->first, refused->second);
  const std::string ports = world.spare_ports > 0 ? fmt::format(" to {}", world.master_port + world.spare_ports) : "";
  fail(fmt::format("rank 0 did not come within {} s: nothing listens at {}, port {}{}", config.connect_timeout_s,
                   world.master_host, world.master_port, ports),
       "Check that rank 0 has started, and that MASTER_ADDR and MASTER_PORT are the same for all ranks.");
}

Place place_in_launcher_store(const World& world, SteadyClock::time_point deadline) {
  std::istringstream words(published_place(world, left(deadline)));
  Place place;
  words >> place.address >> place.port;
  return place;
}

std::unique_ptr<Connection> open_connection(const Place& place, const std::string& secret) {
  Knock result = knock(place, secret, kAnswerLimit);
  if (!result.connection) throw ConnectionLost("nothing answers at " + describe(place));
  if (result.greeting != Greeting::welcome) refuse(place, result.greeting);
  return std::move(result.connection);
}

std::vector<Peer> read_peers(const std::string& outcome, const World& world, const DistributedConfig& config) {
  std::istringstream lines(outcome);
  std::string word;
  std::getline(lines, word);
  if (word != "all") {
    fail(fmt::format("{} of {} did not come within {} s", word, world.size, config.connect_timeout_s),
         "Look at the first messages of these ranks; if they are only slow, raise distributed.connect_timeout_s.");
  }
  std::vector<Peer> peers(static_cast<size_t>(world.size));
  for (Peer& peer : peers) lines >> peer.process >> peer.gpu >> peer.host;
  return peers;
}

std::vector<int> absent_ranks(c10d::Store& store, int size) {
  std::vector<int> absent;
  for (int rank = 0; rank < size; ++rank) {
    if (!store.check({fmt::format("arrived/{}", rank)})) absent.push_back(rank);
  }
  return absent;
}

// Before rank 0, and with it the server, leaves.
void wait_until_told(c10d::Store& store, int64_t ranks) {
  for (const auto until = SteadyClock::now() + kTellLimit; store.add("told", 0) < ranks && SteadyClock::now() < until;) {
    std::this_thread::sleep_for(milliseconds{20});
  }
}

// Rank 0 waits for all, and tells all the outcome: the list of peers, or who is missing.
std::string decide(const World& world, const DistributedConfig& config, Meeting& meeting, SteadyClock::time_point deadline) {
  c10d::Store& store = *meeting.store;
  std::vector<std::string> keys;
  for (int rank = 0; rank < world.size; ++rank) keys.push_back(fmt::format("arrived/{}", rank));
  for (milliseconds pause{2}; !store.check(keys) && SteadyClock::now() + pause < deadline;
       pause = std::min(2 * pause, milliseconds{100})) {
    std::this_thread::sleep_for(pause);
  }
  std::string outcome = "all\n";
  const auto absent = absent_ranks(store, world.size);
  if (absent.empty()) {
    for (const auto& key : keys) outcome += get(store, key) + "\n";
    meeting.server->watch(read_peers(outcome, world, config), WatchLimits::from(config, world.size));
    store.set("outcome", outcome);
    return outcome;
  }
  outcome = describe_ranks(absent);
  store.set("outcome", outcome);
  wait_until_told(store, world.size - static_cast<int64_t>(absent.size()) - 1);
  return outcome;
}

std::string hear(c10d::Store& store, SteadyClock::time_point deadline) {
  store.wait({"outcome"}, left(deadline) + 2 * kTellLimit);
  std::string outcome = get(store, "outcome");
  store.add("told", 1);
  return outcome;
}

// NCCL and Gloo would wait for each other for ever.
void check_devices(const World& world, const Meeting& meeting) {
  const std::vector<Peer>& peers = meeting.peers;
  const auto other = std::ranges::find_if(peers, [&](const Peer& peer) { return peer.gpu != peers[0].gpu; });
  if (other == peers.end()) return;
  if (world.rank == 0) wait_until_told(*meeting.store, world.size - 1);
  auto place = [](const Peer& peer) { return peer.gpu ? "on a GPU" : "on the CPU"; };
  const auto rank = static_cast<int>(other - peers.begin());
  throw SharedError(ExitCode::ranks_disagree,
                    fmt::format("{} computes {}, {} {}", describe_rank(0, peers[0]), place(peers[0]), describe_rank(rank, *other),
                                place(*other)),
                    "Start all ranks where there are GPUs, or set training.device to cpu.");
}

}  // namespace

Meeting meet(const World& world, const DistributedConfig& config, bool use_gpu) {
  const auto deadline = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                                 std::chrono::duration<double>(config.connect_timeout_s));
  if (!config.interface.empty())
    addresses_of_interface(config.interface);  // one that does not exist is refused with those that do
  const std::string secret = job_secret(world, process_environment());
  Meeting meeting;
  Place place;
  if (world.rank == 0) {
    place = serve(world, config, secret, meeting, deadline);
  } else {
    place = world.launcher_listens ? place_in_launcher_store(world, deadline) : find_rank0(world, config, secret, deadline);
    meeting.open = [place, secret] { return open_connection(place, secret); };
  }
  meeting.address = own_address(world, config, place.address);
  try {
    meeting.store = c10::make_intrusive<KeyClient>(meeting.open, left(deadline) + kAnswerLimit);
    if (meeting.store->add(fmt::format("claimed/{}", world.rank), 1) > 1) {
      fail(fmt::format("two processes are rank {} at {}", world.rank, describe(place)),
           "Another run uses the same port, or two ranks were started with the same number.");
    }
    meeting.store->set(fmt::format("arrived/{}", world.rank), fmt::format("{} {:d} {}", getpid(), use_gpu, host_name()));
    const auto outcome = world.rank == 0 ? decide(world, config, meeting, deadline) : hear(*meeting.store, deadline);
    meeting.peers = read_peers(outcome, world, config);
    check_devices(world, meeting);
  } catch (const c10::Error&) {
    fail("rank 0 was lost while the ranks gathered", "Look at its first messages.");
  } catch (const ConnectionLost&) {
    fail("rank 0 was lost while the ranks gathered", "Look at its first messages.");
  }
  return meeting;
}

}  // namespace hpcai::distributed
