#include "hpcai/distributed/meeting/arrival.h"

#include <fmt/format.h>
#include <unistd.h>

#include "hpcai/core/text.h"
#include "hpcai/distributed/meeting/wire.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/host_identity.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

constexpr size_t kLongestHostName = 255;

void pack_peer(Packer& message, const Peer& peer) {
  message.text(peer.host).number(peer.process).number(peer.gpu).text(peer.host_identity).text(peer.core_mask);
}

Peer unpack_peer(Unpacker& fields) {
  Peer peer;
  peer.host = printable(fields.text(), kLongestHostName);
  peer.process = static_cast<int>(fields.number());
  peer.gpu = fields.number() != 0;
  peer.host_identity = fields.text();
  peer.core_mask = fields.text();
  return peer;
}

}  // namespace

Arrival own_arrival(const World& world, bool use_gpu) {
  return {world.size, {host_name(), getpid(), use_gpu, host_identity(), core_mask()}};
}

std::string to_bytes(const Arrival& arrival) {
  Packer message;
  pack_peer(message.number(arrival.world_size), arrival.peer);
  return message.bytes();
}

Arrival arrival_from_bytes(const std::string& bytes) {
  Unpacker fields(bytes);
  const int world_size = static_cast<int>(fields.number());
  return {world_size, unpack_peer(fields)};
}

std::string to_bytes(const Outcome& outcome) {
  Packer message;
  message.number(static_cast<int64_t>(outcome.kind)).text(outcome.reason).number(static_cast<int64_t>(outcome.peers.size()));
  for (const Peer& peer : outcome.peers) pack_peer(message, peer);
  message.number(static_cast<int64_t>(outcome.absent.size()));
  for (const int rank : outcome.absent) message.number(rank);
  return message.bytes();
}

Outcome outcome_from_bytes(const std::string& bytes) {
  Unpacker fields(bytes);
  Outcome outcome;
  outcome.kind = static_cast<Outcome::Kind>(fields.number());
  const std::string reason = fields.text();
  outcome.reason = printable(reason, reason.size());
  for (int64_t left = fields.number(); left > 0; --left) outcome.peers.push_back(unpack_peer(fields));
  for (int64_t left = fields.number(); left > 0; --left) outcome.absent.push_back(static_cast<int>(fields.number()));
  return outcome;
}

Outcome outcome_of(const std::vector<Arrival>& arrivals) {
  Outcome outcome;
  const int size = static_cast<int>(arrivals.size());
  for (int rank = 0; rank < size; ++rank) {
    const Arrival& arrival = arrivals[static_cast<size_t>(rank)];
    outcome.peers.push_back(arrival.peer);
    if (arrival.world_size == size || outcome.kind != Outcome::Kind::all_there) continue;
    outcome.kind = Outcome::Kind::worlds_differ;
    outcome.reason = fmt::format("{} was told that there are {} ranks, rank 0 that there are {}",
                                 describe_rank(rank, arrival.peer), arrival.world_size, size);
  }
  return outcome;
}

}  // namespace hpcai::distributed
