#pragma once

#include <string>
#include <vector>

#include "hpcai/distributed/world/peers.h"
#include "hpcai/distributed/world/world.h"

// Messages at the start: each rank sends its Arrival, and rank 0 sends the Outcome of the meeting.
namespace hpcai::distributed {

// The facts that a rank sends about itself.
struct Arrival {
  int world_size = 1;  // number of ranks in this rank's environment
  Peer peer;
};

// The Arrival of this process.
Arrival own_arrival(const World& world, bool use_gpu);

// Conversions to and from the bytes of a message (wire.h). The readers throw std::runtime_error for other bytes.
std::string to_bytes(const Arrival& arrival);
Arrival arrival_from_bytes(const std::string& bytes);

// The outcome of the meeting. It is the same for all ranks.
struct Outcome {
  enum class Kind { all_there, ranks_missing, worlds_differ } kind = Kind::all_there;
  std::string reason;            // of a failure; else empty
  std::vector<Peer> peers;       // by rank, if all ranks have arrived; else empty
  std::vector<int> absent = {};  // ranks that have not arrived
};
std::string to_bytes(const Outcome& outcome);
Outcome outcome_from_bytes(const std::string& bytes);

// The outcome for these arrivals, given by rank.
Outcome outcome_of(const std::vector<Arrival>& arrivals);

}  // namespace hpcai::distributed
