#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/watch/status.h"
#include "hpcai/distributed/world/placement.h"

namespace hpcai::distributed {

// A running exchange.
class Work {
 public:
  virtual ~Work() = default;
  // Completes the exchange. On a CPU it returns when the result is there. On a GPU it makes the current stream wait for the
  // result and returns at once. Throws Error{peers_unreachable} if a rank was lost, Error{hang} if a rank makes no progress.
  virtual void wait() = 0;
};

enum class ReduceOp { sum, average };

// The ranks of a run, or a part of them, and their exchanges. make_group() (make_group.h) returns the group of all ranks.
//
// Every rank of the group must make the same calls in the same order, with tensors on device(). One thread of each process uses
// the group. Any call may throw Error{peers_unreachable} or Error{hang} that names the rank at fault. If a call cannot return,
// the watchdog ends the process with that status within distributed.timeout_s (watchdog.h).
class Group {
 public:
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }  // rank of this process in this group
  int size() const { return size_; }
  at::Device device() const { return device_; }
  // Which ranks of this group share a host. All ranks have the same knowledge.
  const Placement& placement() const { return placement_; }
  // The address at which other ranks reach this rank; empty in a group of one rank.
  virtual std::string address() const { return ""; }
  // Whether the group supports ReduceOp::average, as NCCL does.
  virtual bool can_average() const { return false; }
  // Whether ranks of a host reduce shared_zeros() in memory that they share. All ranks have the same answer.
  virtual bool shares_memory() const { return false; }
  // Seconds that this rank has spent in wait() of all exchanges of this group so far. On a GPU they are those of the current
  // stream, without the exchanges that the stream has not reached yet.
  virtual double wait_s() const { return 0; }
  // The status of this rank, for messages about lost and hanging ranks. All groups of the run share it.
  Status& status() { return *status_; }

  // Returns the group of those ranks that pass the same `colour`, in the order of their ranks here. All ranks of this group call
  // it. The new group works beside this group and may outlive it. Its connections last until the last group of the run is
  // destroyed. The caller must order the exchanges of two groups so that ranks cannot wait for each other in a cycle. Throws
  // std::logic_error in a group that cannot be split.
  virtual std::unique_ptr<Group> split(int colour);

  // Returns zeros [values] on device(), in memory that ranks of one host share if they can: a reduction of the tensor, or of the
  // same part of it on all ranks, then needs no copy. The tensor may outlive the group.
  at::Tensor shared_zeros(int64_t values, at::ScalarType type) { return make_shared_zeros(values, type); }
  // Starts a reduction over the ranks, in place. `tensor`: any shape, dense (dimensions in any order), of a numeric dtype. The
  // tensor must stay alive and unchanged until wait() has returned. A reduction may wait for wait() before it begins, so every
  // rank must call wait().
  virtual std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op = ReduceOp::sum) = 0;
  // Sums a tensor as above over the ranks, in place, and waits for the result. On CPUs each rank gathers a short tensor of all
  // ranks and adds the values in pairs of ranks (sum_parts.h), so the sum does not depend on the backend.
  virtual void all_reduce_sum(const at::Tensor& tensor) { all_reduce_async(tensor)->wait(); }
  // Copies a dense tensor from rank `root` to all ranks, in place: any dtype, the same shape on all ranks.
  void broadcast(const at::Tensor& tensor, int root = 0);
  // Returns the text of rank `root` on all ranks.
  std::string broadcast(const std::string& text, int root = 0);
  // Returns the tensor [n, ...], of any dtype, or the text of each rank, in the order of the ranks. n may differ between ranks;
  // the other dimensions are equal on all ranks.
  std::vector<at::Tensor> all_gather(const at::Tensor& tensor);
  std::vector<std::string> all_gather(const std::string& text);
  // Returns the tensor of each rank, in the order of the ranks. All ranks pass the same shape and dtype, so no sizes are
  // exchanged and a GPU is not waited for.
  std::vector<at::Tensor> all_gather_equal(const at::Tensor& tensor);
  // Returns when all ranks have called it and all earlier exchanges are complete, on a GPU too.
  void barrier();
  // Returns when this rank's GPU has completed all its work, exchanges included. On a CPU it returns at once. A GPU rank waits
  // for the other ranks here rather than in Work::wait(), so the status of the rank is `exchange` meanwhile.
  void wait_for_device();

 protected:
  // Without a placement all ranks are on one host and share its cores. Without a status the group has its own.
  Group(int rank, int size, at::Device device);
  Group(int rank, int size, at::Device device, const Placement& placement, std::shared_ptr<Status> status);

  const std::shared_ptr<Status>& shared_status() const { return status_; }

  // These take contiguous tensors of bytes, [bytes] on device(). all_gather_bytes() needs equal sizes on all ranks.
  virtual void broadcast_bytes(const at::Tensor& bytes, int root) = 0;
  virtual std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) = 0;
  virtual at::Tensor make_shared_zeros(int64_t values, at::ScalarType type);

 private:
  int rank_;
  int size_;
  at::Device device_;
  Placement placement_;
  std::shared_ptr<Status> status_;
};

// Throws std::invalid_argument if the tensor has gaps.
void require_dense(const at::Tensor& tensor);
// Returns the values of a dense tensor of any shape in the order of their addresses, as a view [values]. Throws
// std::invalid_argument if the tensor has gaps.
at::Tensor values_in_memory_order(const at::Tensor& tensor);

}  // namespace hpcai::distributed
