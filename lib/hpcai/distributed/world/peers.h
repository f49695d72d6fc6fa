#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// What the ranks know of one of them.
struct Peer {
  std::string host;  // its name, fit for a message
  int process = 0;
  bool gpu = false;                // whether it computes on one
  std::string host_identity = "";  // equal for ranks that share a host
  std::string core_mask = "";      // the cores on which it may run, one bit each
};

// "rank 3 (host n2, process 4711)"
std::string describe_rank(int rank, const Peer& peer);

// "rank 3", "ranks 3, 5"; shortened when long.
std::string describe_ranks(const std::vector<int>& ranks);

}  // namespace hpcai::distributed
