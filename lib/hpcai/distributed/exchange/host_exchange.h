#pragma once

#include <ATen/ATen.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "hpcai/distributed/exchange/shared_mapping.h"
#include "hpcai/distributed/exchange/shared_memory.h"

namespace hpcai::distributed {

// The all-reduce of CPU ranks of which some share a host.
//
// The ranks of a host lie with their tensors in memory that they share. When all of them have arrived, rank i adds slice i of all
// tensors, in pairs of ranks (sum_parts.h), and writes the sum into all of them; when all have done so, every rank has the whole
// sum. No value is copied, and the bits of the sum do not depend on time. The ranks of one host gather a short tensor instead
// (shared_memory.h) and each adds all of it, in the same pairs: that takes one wait for the other ranks instead of two. With
// several hosts the owners of slice i on all hosts add their sums over the network before they write them.
//
// On one host an exchange runs in finish(), on the threads of the rank: a thread beside them would take the core that computes
// the gradients. Between hosts a thread waits for the network while the backward pass still runs.
class HostExchange {
 public:
  // This rank among those of its host and its part in the exchange between hosts.
  struct Place {
    int rank = 0, ranks = 1;  // of this host
    int slices = 1;           // number of slices: the number of ranks of the host that has the fewest
    int all_ranks = 1;        // of the group
    bool own_core = true;     // see SharedMemory::gather()
  };
  // The ranks with equal Place::rank, which is below Place::slices, on all hosts.
  struct OverHosts {
    std::function<void(const at::Tensor&)> sum;  // adds a tensor [values] over the hosts, in place
    std::function<void()> abort;                 // makes sum() throw; another thread calls it
  };

  // `meeting_point`: of the ranks of this host. `over_hosts`: without functions on one host.
  HostExchange(Place place, std::shared_ptr<SharedMemory> meeting_point, OverHosts over_hosts);
  // Gives up what is under way, as after an error.
  ~HostExchange();
  HostExchange(const HostExchange&) = delete;
  HostExchange& operator=(const HostExchange&) = delete;

  // The bytes that a rank needs in shared memory for these values.
  static size_t buffer_bytes(int64_t values, at::ScalarType type);
  // Returns this rank's buffer in `mapping`, which holds one of buffer_bytes() for each rank of the host: zeros [values]. An
  // exchange of the tensor or of a part of it, the same part on all ranks, makes no copy. The tensor keeps the memory.
  at::Tensor adopt(std::unique_ptr<SharedMapping> mapping, int64_t values, at::ScalarType type);

  // Whether start() takes this tensor: one of adopt(), or a part of it. All ranks decide alike.
  bool takes(const at::Tensor& tensor);
  // Starts an exchange: sums `tensor` over all ranks, in place, and divides it by their number if `average`. Returns its number.
  // Exchanges run in the order of their starts.
  int64_t start(const at::Tensor& tensor, bool average);
  // Returns when exchange `number` and those before it are complete. Throws the exception that ended one of them.
  void finish(int64_t number);

 private:
  struct Buffer {
    std::weak_ptr<SharedMapping> mapping;
    size_t bytes = 0;  // of each rank
  };
  struct Exchange {
    at::Tensor values;  // [values]
    bool average = false;
  };
  using Addresses = std::vector<std::byte*>;

  bool one_host() const { return !over_hosts_.sum; }
  Addresses addresses_of(const at::Tensor& tensor);
  void perform(const Exchange& exchange);
  bool is_short(const at::Tensor& values) const;
  void reduce_gathered(const Exchange& exchange);
  void reduce_in_place(const Exchange& exchange, const Addresses& parts);
  void reduce_over_hosts(const Exchange& exchange, const Addresses& parts);
  std::pair<int64_t, int64_t> slice(int64_t values, at::ScalarType type) const;
  void run_thread();

  Place place_;
  std::shared_ptr<SharedMemory> meeting_point_;
  OverHosts over_hosts_;
  std::vector<Buffer> buffers_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Exchange> waiting_;
  int64_t started_ = 0, done_ = 0;
  std::exception_ptr failure_;
  bool ends_ = false;
  std::thread thread_;  // only between hosts
};

}  // namespace hpcai::distributed
