#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <string>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/world.h"

namespace hpcai::distributed {

// Where a rank lives.
struct Peer {
  std::string host;
  int process = 0;
};

// What the ranks know of each other once all are there.
struct Meeting {
  c10::intrusive_ptr<c10d::Store> store;  // this job's keys
  std::string address;                    // of this rank, as the others reach it
  std::vector<Peer> peers;                // by rank
  bool rank0_serves = true;               // the store ends with rank 0
};

// Gathers all ranks of the world within distributed.connect_timeout_s: rank 0 listens, on one address only, and the others
// come to it. Throws Error{peers_unreachable} naming the ranks that did not come, or saying who holds the port.
Meeting meet(const World& world, const DistributedConfig& config);

// "rank 3 (host n2, process 4711)"
std::string describe_rank(int rank, const Peer& peer);
// "rank 3", "ranks 3, 5"; shortened when long.
std::string describe_ranks(const std::vector<int>& ranks);

// After a failed exchange: every rank that notices calls this, and learns which ranks are lost, as words for a message;
// empty if all are still there. Takes a few seconds at most.
std::string roll_call(const Meeting& meeting, int rank);

}  // namespace hpcai::distributed
