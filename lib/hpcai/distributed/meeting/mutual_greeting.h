#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/meeting/acceptor.h"
#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/meeting/place.h"

// Connections between all ranks of a group. Each rank listens, and connects to the ranks before it. The two ends of a connection
// prove to each other that they know the job's secret, as in a greeting of rank 0 (greeting.h):
//
//   rank i -> rank j:  magic, i, N1
//   rank j -> rank i:  N2, HMAC(secret, "group/i asks j" N2 N1)
//   rank i -> rank j:  HMAC(secret, "group/i answers j" N1 N2)
namespace hpcai::distributed {

// This rank among those of the group.
struct MutualGreeting {
  std::string secret;  // of the job
  std::string group;   // name of the group; unique in the job
  int rank = 0;
  SteadyClock::time_point deadline;
  const std::atomic<bool>& abandoned;  // whether to give up; another thread may set it
};

// Returns a greeted connection to each rank, by rank; null for this rank. `acceptor`: of this rank's listening socket.
// `places`: where the ranks listen, by rank; all listen already. Strangers may connect meanwhile: they are dropped. Throws
// ConnectionLost if a rank cannot be reached or does not come before the deadline.
std::vector<std::unique_ptr<Connection>> connect_mutually(const MutualGreeting& self, Acceptor& acceptor,
                                                          const std::vector<Place>& places);

}  // namespace hpcai::distributed
