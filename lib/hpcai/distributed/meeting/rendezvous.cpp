#include "hpcai/distributed/meeting/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/meeting/arrival.h"
#include "hpcai/distributed/meeting/launcher_store.h"
#include "hpcai/distributed/meeting/place.h"
#include "hpcai/distributed/meeting/search.h"
#include "hpcai/distributed/meeting/secret.h"
#include "hpcai/distributed/watch/ranks_lost.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kServerPatience{15'000};  // time for rank 0's server to answer
constexpr milliseconds kReadLimit{3000};         // time for the other ranks to read the outcome before rank 0 leaves
constexpr milliseconds kCallPatience{5000};      // time for the parent to notice that rank 0 has ended
constexpr milliseconds kWaitSlice{200};          // a call to another meeting is noticed within this time

milliseconds until(SteadyClock::time_point deadline) {
  return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
}

std::vector<uint8_t> bytes_of_text(const std::string& text) { return {text.begin(), text.end()}; }

std::string value_of_key(c10d::Store& store, const std::string& key) {
  const auto bytes = store.get(key);
  return {bytes.begin(), bytes.end()};
}

std::string arrival_key(int rank) { return fmt::format("arrived/{}", rank); }

// `absent`: the ranks that are to blame, if they are known.
[[noreturn]] void fail_to_meet(const std::string& what, const std::string& remedy, const std::vector<int>& absent = {}) {
  throw RanksLost(ExitCode::peers_unreachable, "rendezvous: " + what, remedy, absent);
}

// Rank 0 has ended, or it has left for another meeting to which the parent calls.
[[noreturn]] void report_lost_rank0(const World& world) {
  end_if_called_again(world, kCallPatience);
  fail_to_meet("rank 0 was lost while the ranks gathered", "Look at its first messages.", {0});
}

void warn_of_guessable_secret() {
  log::warning(
      "other users of these hosts could guess the secret with which the ranks meet; set a private one before the launch: "
      "export HPCAI_SECRET=$(head -c 32 /dev/urandom | base64 -w 0)");
}

// Starts rank 0's server and returns its place.
Place serve(const World& world, const DistributedConfig& config, const std::string& secret, Meeting& meeting,
            SteadyClock::time_point deadline) {
  const bool inherited = world.listen_fd >= 0;
  std::string address = world.master_host;
  if (world.launcher_listens) address = own_address_beside_launcher(world, config);
  if (!world.launcher_listens && !inherited) address = listening_address(world, config);
  const int first = world.launcher_listens ? 0 : world.master_port;
  meeting.server =
      std::make_unique<KeyServer>(inherited ? world.listen_fd : listen_on(address, first, world.spare_ports), secret, world.size);
  meeting.open = [server = meeting.server.get()] { return server->connect_locally(); };
  const Place place{address, meeting.server->port()};
  if (world.launcher_listens) publish_place(world, to_text(place), until(deadline));
  return place;
}

std::vector<int> absent_ranks(c10d::Store& store, int size) {
  std::vector<int> absent;
  for (int rank = 0; rank < size; ++rank) {
    if (!store.check({arrival_key(rank)})) absent.push_back(rank);
  }
  return absent;
}

// Rank 0 waits until the other ranks have read the outcome, because its server ends with rank 0.
void wait_until_read(c10d::Store& store, int64_t ranks) {
  for (const auto end = SteadyClock::now() + kReadLimit; store.add("heard", 0) < ranks && SteadyClock::now() < end;) {
    std::this_thread::sleep_for(milliseconds{20});
  }
}

// Rank 0 waits for the arrivals of all ranks and returns the outcome.
Outcome gather_arrivals(const World& world, const DistributedConfig& config, c10d::Store& store,
                        SteadyClock::time_point deadline) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < world.size; ++rank) keys.push_back(arrival_key(rank));
  for (milliseconds pause{2}; !store.check(keys) && SteadyClock::now() + pause < deadline;
       pause = std::min(2 * pause, milliseconds{100})) {
    end_if_called_again(world);
    std::this_thread::sleep_for(pause);
  }
  const auto absent = absent_ranks(store, world.size);
  if (!absent.empty()) {
    return {Outcome::Kind::ranks_missing,
            fmt::format("{} of {} did not come within {} s", describe_ranks(absent), world.size, config.connect_timeout_s),
            {},
            absent};
  }
  std::vector<Arrival> arrivals;
  for (const std::string& key : keys) arrivals.push_back(arrival_from_bytes(value_of_key(store, key)));
  return outcome_of(arrivals);
}

// Rank 0 decides the outcome of the meeting and sends it to all ranks.
Outcome decide(const World& world, const DistributedConfig& config, Meeting& meeting, SteadyClock::time_point deadline) {
  c10d::Store& store = *meeting.store;
  Outcome outcome = gather_arrivals(world, config, store, deadline);
  const bool all_there = outcome.kind == Outcome::Kind::all_there;
  if (all_there) meeting.server->watch(outcome.peers, WatchLimits::from(config, world.size));
  store.set("outcome", bytes_of_text(to_bytes(outcome)));
  if (!all_there) {
    const auto absent = static_cast<int64_t>(absent_ranks(store, world.size).size());
    wait_until_read(store, world.size - absent - 1);
  }
  return outcome;
}

// Waits for a key, which may not come within the limit.
void wait_briefly(c10d::Store& store, const std::string& key, milliseconds limit) {
  try {
    store.wait({key}, limit);
  } catch (const c10::DistStoreError&) {  // the caller checks whether the key is there
  }
}

// Every rank but rank 0 waits for the outcome from rank 0.
Outcome read_outcome(const World& world, c10d::Store& store, SteadyClock::time_point deadline) {
  const auto last = deadline + 2 * kReadLimit;
  while (!store.check({"outcome"}) && SteadyClock::now() < last) {
    end_if_called_again(world);
    wait_briefly(store, "outcome", std::min(kWaitSlice, until(last)));
  }
  store.wait({"outcome"}, milliseconds{1});
  Outcome outcome = outcome_from_bytes(value_of_key(store, "outcome"));
  store.add("heard", 1);
  if (outcome.kind == Outcome::Kind::all_there && static_cast<int>(outcome.peers.size()) != world.size) {
    outcome.kind = Outcome::Kind::worlds_differ;  // this rank is beyond rank 0's number of ranks, so rank 0 did not wait for it
    outcome.reason = fmt::format("rank {} was told that there are {} ranks, rank 0 that there are {}", world.rank, world.size,
                                 outcome.peers.size());
  }
  return outcome;
}

void check_outcome(const World& world, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::worlds_differ) {
    throw LocalError(
        ExitCode::ranks_disagree, outcome.reason,
        "Start all ranks with the same number of ranks (WORLD_SIZE), or each run with a port of its own (MASTER_PORT).");
  }
  if (outcome.kind == Outcome::Kind::all_there) return;
  fail_to_meet(
      outcome.reason,
      world.master_host_guessed
          ? "Look at the first messages of these ranks. The launcher does not tell where rank 0 runs, so the ranks looked "
            "for it on their own hosts; if there are several, set MASTER_ADDR to the host of rank 0."
          : "Look at the first messages of these ranks; if they are only slow, raise distributed.connect_timeout_s.",
      outcome.absent);
}

// Refuses a mixture of GPU and CPU ranks: NCCL and Gloo would wait for each other for ever.
void check_devices(const World& world, const Meeting& meeting) {
  const std::vector<Peer>& peers = meeting.peers;
  const auto other = std::ranges::find_if(peers, [&](const Peer& peer) { return peer.gpu != peers[0].gpu; });
  if (other == peers.end()) return;
  if (world.rank == 0) wait_until_read(*meeting.store, world.size - 1);
  auto place = [](const Peer& peer) { return peer.gpu ? "on a GPU" : "on the CPU"; };
  const auto rank = static_cast<int>(other - peers.begin());
  throw SharedError(ExitCode::ranks_disagree,
                    fmt::format("{} computes {}, {} {}", describe_rank(0, peers[0]), place(peers[0]), describe_rank(rank, *other),
                                place(*other)),
                    "Start all ranks where there are GPUs, or set training.device to cpu.");
}

void arrive(const World& world, c10d::Store& store, bool use_gpu, const Place& place) {
  if (store.add(fmt::format("claimed/{}", world.rank), 1) > 1) {
    fail_to_meet(fmt::format("two processes are rank {} at {}", world.rank, describe(place)),
                 "Another run uses the same port, or two ranks were started with the same number.");
  }
  store.set(arrival_key(world.rank), bytes_of_text(to_bytes(own_arrival(world, use_gpu))));
}

}  // namespace

Meeting meet(const World& world, const DistributedConfig& config, bool use_gpu) {
  const auto deadline = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                                 std::chrono::duration<double>(config.connect_timeout_s));
  if (!config.interface.empty()) addresses_of_interface(config.interface);  // throws for an interface that does not exist
  const std::string secret = job_secret(world, process_environment());
  Meeting meeting;
  meeting.secret = secret;
  Place place;
  if (world.rank == 0) {
    place = serve(world, config, secret, meeting, deadline);
  } else {
    place = world.launcher_listens ? place_from_text(published_place(world, until(deadline)))
                                   : find_rank0(world, config, secret, deadline);
    meeting.open = [place, secret] { return connect_to_rank0(place, secret); };
  }
  try {
    meeting.store = c10::make_intrusive<KeyClient>(meeting.open, until(deadline) + kServerPatience);
    arrive(world, *meeting.store, use_gpu, place);
    const Outcome outcome =
        world.rank == 0 ? decide(world, config, meeting, deadline) : read_outcome(world, *meeting.store, deadline);
    check_outcome(world, outcome);
    meeting.peers = outcome.peers;
    meeting.address = exchange_address(meeting.peers, own_address(config, place.address));
    check_devices(world, meeting);
  } catch (const c10::Error&) {
    report_lost_rank0(world);
  } catch (const ConnectionLost&) {
    report_lost_rank0(world);
  }
  if (world.rank == 0 && spans_hosts(meeting.peers) && secret_is_guessable(world, process_environment())) {
    warn_of_guessable_secret();
  }
  return meeting;
}

}  // namespace hpcai::distributed
