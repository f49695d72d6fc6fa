#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"

namespace hpcai::distributed {

// A rank's connections to all other ranks of a group that is on several hosts, over which the ranks add short tensors. Each rank
// sends its values to all others and adds those of all ranks in pairs of neighbours (sum_parts.h). The waiting thread itself
// polls the sockets: an exchange takes little longer than the network. In Gloo it goes through two more threads on each side, and
// the kernel has to wake each of them.
//
// Exchanges run in the order of their starts, and several may be under way. One thread uses the object. A message begins
// with two words of four bytes: the number of the exchange, and the bytes of the values, times 256, plus the number of their
// type. The values follow, in the byte order of this host, as Gloo sends them.
class Links {
 public:
  explicit Links(int rank);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // The greeted connections to all ranks, by rank; null for this rank. Call it once, before the first exchange.
  void use(std::vector<std::unique_ptr<Connection>> connections);
  // Starts an exchange: sums `values` over the ranks, in place, and divides the sum by `divisor`. `values`: dense, not empty,
  // below 16 MiB, of a type that sum_parts() adds, of the same type and size on all ranks. Sends and receives what the sockets
  // take and hold; the rest moves in finish(). Returns the number of the exchange. Throws ConnectionLost, and Error
  // (ranks_disagree) if another rank is in another exchange.
  int64_t start(const at::Tensor& values, int divisor);
  // Returns when exchange `number` is complete. Returns at once if it was called for `number` before. A rank polls for half
  // a millisecond before it sleeps, and yields its core between polls. Throws ConnectionLost if another rank has closed its
  // connection, Error (ranks_disagree) if it is in another exchange, std::runtime_error after abandon().
  void finish(int64_t number);
  // Closes the connections of ranks that do not use them after all.
  void close();
  // Makes finish() throw within a tenth of a second. Another thread calls it.
  void abandon() { abandoned_ = true; }
  const std::atomic<bool>& abandoned() const { return abandoned_; }

 private:
  struct Link;
  struct Exchange;
  using Clock = std::chrono::steady_clock;

  bool send_some(Link& link);
  bool receive_some(Link& link);
  bool move_some();
  bool is_complete(int64_t number) const;
  void sleep(int64_t number) const;

  int rank_;
  std::vector<std::unique_ptr<Link>> links_;  // to the other ranks, in their order
  std::map<int64_t, Exchange> exchanges_;     // under way
  int64_t started_ = 0;
  std::atomic<bool> abandoned_{false};
};

}  // namespace hpcai::distributed
