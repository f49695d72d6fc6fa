#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// The facts about a rank that all ranks know.
struct Peer {
  std::string host;                // host name, printable in a message
  int process = 0;                 // process id
  bool gpu = false;                // whether the rank computes on a GPU
  std::string host_identity = "";  // equal for ranks that share a host
  std::string core_mask = "";      // the cores on which the rank may run, one bit each
};

// Whether the ranks run on more than one host.
bool spans_hosts(const std::vector<Peer>& peers);

// Text such as "rank 3 (host n2, process 4711)".
std::string describe_rank(int rank, const Peer& peer);

// Text such as "rank 3" or "ranks 3, 5", shortened if it is long.
std::string describe_ranks(const std::vector<int>& ranks);

}  // namespace hpcai::distributed
