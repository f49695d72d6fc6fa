#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// Where a rank lives.
struct Peer {
  std::string host;
  int process = 0;
  bool gpu = false;  // whether it computes on one
};

// "rank 3 (host n2, process 4711)"
std::string describe_rank(int rank, const Peer& peer);
// "rank 3", "ranks 3, 5"; shortened when long.
std::string describe_ranks(const std::vector<int>& ranks);

}  // namespace hpcai::distributed
