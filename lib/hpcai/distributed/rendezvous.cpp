#include "hpcai/distributed/rendezvous.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
#include <span>
#include <sstream>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/distributed/network.h"

namespace hpcai::distributed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Once something accepts connections, a store answers at once even on a busy host; whatever takes longer is not ours. (Rank
// 0 finds a port that is taken at once; this is for the ranks that came to the wrong place.)
constexpr milliseconds kAnswerLimit{15'000};
constexpr milliseconds kRollCallLimit{3000};
constexpr char kJobKey[] = "hpcai-job";

milliseconds left(Clock::time_point deadline) {
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

std::string get(c10d::Store& store, const std::string& key) {
  const auto bytes = store.get(key);
  return {bytes.begin(), bytes.end()};
}

// Waits without the exception that the store throws when the time is over.
bool wait_for(c10d::Store& store, const std::vector<std::string>& keys, Clock::time_point deadline) {
  for (milliseconds pause{2};; pause = std::min(2 * pause, milliseconds{100})) {
    if (store.check(keys)) return true;
    if (Clock::now() + pause > deadline) return false;
    std::this_thread::sleep_for(pause);
  }
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
                     host == world.master_host ? "" : fmt::format(" (the name {} is unknown here)", world.master_host), host_name()),
         "Set MASTER_ADDR to the host of rank 0.");
  }
  return is_loopback(best) && !world.one_host() ? instead_of_loopback(config) : best;
}

// How the other ranks reach this one.
std::string own_address(const World& world, const DistributedConfig& config, const std::string& meeting) {
  if (world.one_host() && is_loopback(meeting)) return meeting;
  if (!config.interface.empty()) return addresses_of_interface(config.interface).front();
  const std::string address = source_address(meeting);
  return address.empty() || (is_loopback(address) && !world.one_host()) ? first_outward_address() : address;
}

c10::intrusive_ptr<c10d::TCPStore> connect(const std::string& address, int port, int listen_fd, milliseconds limit) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(port);
  options.isServer = listen_fd >= 0;
  if (options.isServer) options.masterListenFd = listen_fd;
  options.waitWorkers = false;
  options.timeout = limit;
  // A program that accepts connections and says nothing would hold the store's greeting up for ever, so a thread of its
  // own waits for that; it is left behind, since the process ends.
  using Store = c10::intrusive_ptr<c10d::TCPStore>;
  std::packaged_task<Store()> greet([address, options] { return c10::make_intrusive<c10d::TCPStore>(address, options); });
  std::future<Store> store = greet.get_future();
  std::thread(std::move(greet)).detach();
  try {
    if (store.wait_for(limit) == std::future_status::ready) return store.get();
  } catch (const c10::Error&) {  // said below
  }
  fail(fmt::format("what listens at {}, port {}, does not answer like this program", address, port),
       "Another program holds the port: choose another with --set distributed.port=PORT or MASTER_PORT.");
}

struct Connection {
  c10::intrusive_ptr<c10d::TCPStore> store;
  std::string address;
};

Connection open_store(const World& world, const DistributedConfig& config, Clock::time_point deadline) {
  if (world.rank == 0 && !world.launcher_listens) {
    const bool inherited = world.listen_fd >= 0;
    const std::string address = inherited ? world.master_host : meeting_address(world, config);
    const int fd = inherited ? world.listen_fd : listen_on(address, world.master_port);
    auto store = connect(address, port_of(fd), fd, kAnswerLimit);
    static_cast<c10d::Store&>(*store).set(kJobKey, sha256(world.job));
    return {std::move(store), address};
  }
  const std::string address = wait_for_listener(place_to_look(world, config), world.master_port, deadline);
  if (address.empty()) {
    fail(fmt::format("rank 0 did not come within {} s: nothing listens at {}, port {}", config.connect_timeout_s,
                     world.master_host, world.master_port),
         "Check that rank 0 has started, and that MASTER_ADDR and MASTER_PORT are the same for all ranks.");
  }
  // The socket of --nproc listens before rank 0 does.
  const milliseconds limit = world.launcher == "nproc" ? left(deadline) : kAnswerLimit;
  return {connect(address, world.master_port, -1, limit), address};
}

// A rank of another run may meet us at this address.
void check_job(const World& world, c10d::TCPStore& store, const std::string& address) {
  if (world.launcher_listens) return;
  const std::string where = fmt::format("{}, port {}", address, world.master_port);
  const std::string remedy = "Choose another port for one of them with --set distributed.port=PORT or MASTER_PORT.";
  if (!wait_for(store, {kJobKey}, Clock::now() + kAnswerLimit)) fail("a store that is not of this program is at " + where, remedy);
  if (get(store, kJobKey) != sha256(world.job)) fail("another run is meeting at " + where, remedy);
}

std::vector<int> absent_ranks(c10d::Store& store, const std::string& key, int size) {
  std::vector<int> absent;
  for (int rank = 0; rank < size; ++rank) {
    if (!store.check({fmt::format("{}/{}", key, rank)})) absent.push_back(rank);
  }
  return absent;
}

// Rank 0 waits for all, and tells all the outcome: the list of peers, or who is missing.
std::string decide(const World& world, c10d::Store& store, Clock::time_point deadline) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < world.size; ++rank) keys.push_back(fmt::format("arrived/{}", rank));
  std::string outcome = "all\n";
  if (wait_for(store, keys, deadline)) {
    for (const auto& key : keys) outcome += get(store, key) + "\n";
    store.set("outcome", outcome);
    return outcome;
  }
  const auto absent = absent_ranks(store, "arrived", world.size);
  outcome = describe_ranks(absent);
  store.set("outcome", outcome);
  const auto present = world.size - static_cast<int64_t>(absent.size());
  for (const auto until = Clock::now() + kRollCallLimit; store.add("told", 0) < present - 1 && Clock::now() < until;) {
    std::this_thread::sleep_for(milliseconds{20});
  }
  return outcome;
}

std::string hear(c10d::Store& store, Clock::time_point deadline) {
  if (!wait_for(store, {"outcome"}, deadline + 2 * kRollCallLimit)) fail("rank 0 does not answer", "");
  std::string outcome = get(store, "outcome");
  store.add("told", 1);
  return outcome;
}

std::vector<Peer> read_peers(const std::string& outcome, const World& world, const DistributedConfig& config) {
  std::istringstream lines(outcome);
  std::string word;
  std::getline(lines, word);
  if (word != "all") {
    fail(fmt::format("{} of {} did not come within {} s", word, world.size, config.connect_timeout_s),
         "Look at the first messages of these ranks; if they are only slow, raise distributed.connect_timeout_s.");
  }
  std::vector<Peer> peers(world.size);
  for (Peer& peer : peers) lines >> peer.process >> peer.host;
  return peers;
}

bool is_gone(const Peer& peer) { return peer.host == host_name() && kill(peer.process, 0) != 0 && errno == ESRCH; }

}  // namespace

Meeting meet(const World& world, const DistributedConfig& config) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(config.connect_timeout_s));
  Meeting meeting;
  meeting.rank0_serves = !world.launcher_listens;
  auto [tcp, address] = open_store(world, config, deadline);
  check_job(world, *tcp, address);
  meeting.store = c10::make_intrusive<c10d::PrefixStore>("hpcai-" + sha256("keys of " + world.job), tcp);
  meeting.address = own_address(world, config, address);
  try {
    if (meeting.store->add(fmt::format("claimed/{}", world.rank), 1) > 1) {
      fail(fmt::format("two processes are rank {} at {}, port {}", world.rank, address, world.master_port),
           "Another run uses the same port, or two ranks were started with the same number.");
    }
    meeting.store->set(fmt::format("arrived/{}", world.rank), fmt::format("{} {}", getpid(), host_name()));
    const auto outcome = world.rank == 0 ? decide(world, *meeting.store, deadline) : hear(*meeting.store, deadline);
    meeting.peers = read_peers(outcome, world, config);
  } catch (const c10::Error&) {
    fail("rank 0 was lost while the ranks gathered", "Look at its first messages.");
  }
  tcp->setTimeout(left(deadline) + kAnswerLimit);
  return meeting;
}

std::string describe_rank(int rank, const Peer& peer) {
  return fmt::format("rank {} (host {}, process {})", rank, peer.host, peer.process);
}

std::string describe_ranks(const std::vector<int>& ranks) {
  constexpr size_t kShown = 16;
  const std::span<const int> shown(ranks.data(), std::min(ranks.size(), kShown));
  return fmt::format("rank{} {}{}", ranks.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     ranks.size() > kShown ? fmt::format(" and {} more", ranks.size() - kShown) : "");
}

std::string roll_call(const Meeting& meeting, int rank) {
  const int size = static_cast<int>(meeting.peers.size());
  std::vector<int> absent;
  try {
    meeting.store->set(fmt::format("roll/{}", rank), std::string("here"));
    for (const auto until = Clock::now() + kRollCallLimit;;) {
      absent = absent_ranks(*meeting.store, "roll", size);
      if (absent.empty() || Clock::now() > until) break;
      // A rank that is still computing has not noticed yet; one whose process is gone never will.
      std::vector<int> gone;
      std::ranges::copy_if(absent, std::back_inserter(gone), [&](int r) { return is_gone(meeting.peers[r]); });
      if (!gone.empty()) {
        absent = gone;
        break;
      }
      std::this_thread::sleep_for(milliseconds{20});
    }
  } catch (const c10::Error&) {
    if (!meeting.rank0_serves || rank == 0) return "";
    absent = {0};
  }
  if (absent.empty()) return "";
  return absent.size() == 1 ? describe_rank(absent[0], meeting.peers[absent[0]]) : describe_ranks(absent);
}

}  // namespace hpcai::distributed
