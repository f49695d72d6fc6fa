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

// The result of a meeting.
struct Meeting {
  std::unique_ptr<KeyServer> server;      // on rank 0 only; it already watches the ranks
  c10::intrusive_ptr<c10d::Store> store;  // the keys of this job
  OpenConnection open;                    // opens another connection to rank 0's key server
  std::string secret;                     // with which ranks prove that they belong to this job
  std::string address;                    // address at which other ranks reach this rank in their exchanges
  std::vector<Peer> peers;                // by rank
};

// Gathers all ranks of the world within distributed.connect_timeout_s. Rank 0 listens on one address. The other ranks connect to
// it and prove that they know the job's secret. `use_gpu`: this rank computes on a GPU.
//
// Throws RanksLost that names the missing ranks, or if the parent calls to another meeting (world/parent_link.h). Throws
// Error{peers_unreachable} that names the program that holds the port. Throws Error{ranks_disagree}
// if some ranks compute on GPUs and others on CPUs, or if ranks have different numbers of ranks in their environment.
Meeting meet(const World& world, const DistributedConfig& config, bool use_gpu);

}  // namespace hpcai::distributed
