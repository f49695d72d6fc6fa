#pragma once

#include <string>
#include <vector>

#include "hpcai/distributed/world/peers.h"
#include "hpcai/distributed/world/world.h"

// What ranks tell each other at the start: each how it arrives, rank 0 how the meeting ends.
namespace hpcai::distributed {

// What a rank tells of itself.
struct Arrival {
  int world_size = 1;  // as this rank was told
  Peer peer;
};

// This process's own.
Arrival own_arrival(const World& world, bool use_gpu);

// As bytes of a message (wire.h), and back; std::runtime_error for bytes that are none.
std::string to_bytes(const Arrival& arrival);
Arrival arrival_from_bytes(const std::string& bytes);

// How the meeting ends, the same for all ranks.
struct Outcome {
  enum class Kind { all_there, ranks_missing, worlds_differ } kind = Kind::all_there;
  std::string reason;       // of a failure
  std::vector<Peer> peers;  // by rank, if all are there
};
std::string to_bytes(const Outcome& outcome);
Outcome outcome_from_bytes(const std::string& bytes);

// The outcome of a meeting to which these ranks have come, by rank.
Outcome outcome_of(const std::vector<Arrival>& arrivals);

}  // namespace hpcai::distributed
