#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/meeting/key_client.h"
#include "hpcai/distributed/meeting/key_server.h"
#include "hpcai/distributed/world/peers.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// What the ranks know of each other once all are there.
struct Meeting {
  std::unique_ptr<KeyServer> server;      // on rank 0 only; it watches over the ranks already
  c10::intrusive_ptr<c10d::Store> store;  // this job's keys
  OpenConnection open;                    // makes a further connection to rank 0's server
  std::string address;                    // of this rank, as the others reach it
  std::vector<Peer> peers;                // by rank
};

// Gathers all ranks of the world within distributed.connect_timeout_s: rank 0 listens, on one address only, and the others
// come to it and prove that they know the job's secret. `use_gpu`: this rank computes on a GPU.
//
// Throws Error{peers_unreachable} naming the ranks that did not come, or saying what holds the port; Error{ranks_disagree}
// where some ranks compute on GPUs and others do not, or were told different numbers of ranks.
Meeting meet(const World& world, const DistributedConfig& config, bool use_gpu);

}  // namespace hpcai::distributed
