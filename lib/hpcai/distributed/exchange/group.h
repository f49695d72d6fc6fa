#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/watch/status.h"
#include "hpcai/distributed/world/placement.h"

namespace hpcai::distributed {

// An exchange that is under way.
class Work {
 public:
  virtual ~Work() = default;
  // On a CPU returns when the result is there; on a GPU makes the current stream wait for it and returns at once.
  // Throws Error{peers_unreachable} if a rank was lost, Error{hang} if one makes no progress.
  virtual void wait() = 0;
};

enum class ReduceOp { sum, average };

// The ranks of a run, or some of them, and what they can do together. make_group() makes the one of all ranks (make_group.h).
//
// Every rank of the group must make the same calls in the same order, with tensors on device(). Any call may throw
// Error{peers_unreachable} or Error{hang} with the rank that is the reason; where a call cannot return, the process ends with
// that status within distributed.timeout_s (watchdog.h).
class Group {
 public:
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }  // of this process in this group
  int size() const { return size_; }
  at::Device device() const { return device_; }
  // Which ranks of this group share a host, as all of them know it.
  const Placement& placement() const { return placement_; }
  // Whether ReduceOp::average is offered, as by NCCL.
  virtual bool can_average() const { return false; }
  // Seconds that this rank, on a GPU its current stream, has spent in wait() of any exchange of this group so far; on a GPU
  // exchanges that the stream has not reached yet are missing.
  virtual double wait_s() const { return 0; }
  // Where this rank tells what it is doing, for the messages about ranks that are lost or hang. One for all groups of the run.
  Status& status() { return *status_; }

  // The ranks of this group that give the same `colour` as this one, as a group of their own. Their order is that of their
  // ranks here. All ranks of this group call it; the new group works beside this one and may outlive it, and its connections
  // stay until the last group of the run has gone. Exchanges of two groups must not wait for each other crosswise. Throws
  // std::logic_error in a group that cannot be split.
  virtual std::unique_ptr<Group> split(int colour);

  // In place, on a tensor of any shape that is dense (its dimensions may have any order) and of a type that can be added. It
  // must stay alive and untouched until wait() has returned.
  virtual std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op = ReduceOp::sum) = 0;
  // The same, ended. On CPUs a short tensor is gathered and added up in the order of the ranks, so that its sum does not
  // depend on what carries it.
  virtual void all_reduce_sum(const at::Tensor& tensor) { all_reduce_async(tensor)->wait(); }
  // In place, from rank `root` to all: a dense tensor of any dtype and of the same shape on all ranks.
  void broadcast(const at::Tensor& tensor, int root = 0);
  std::string broadcast(const std::string& text, int root = 0);
  // One tensor [n, ...] or one text of each rank, in the order of the ranks; any dtype. n may differ from rank to rank, the
  // other dimensions are the same on all.
  std::vector<at::Tensor> all_gather(const at::Tensor& tensor);
  std::vector<std::string> all_gather(const std::string& text);
  // Returns when all ranks have called it and all earlier exchanges are done, on a GPU too.
  void barrier();
  // Returns when this rank's GPU has done all that it was told to, exchanges included; at once on a CPU. Here, not in
  // work.wait(), a rank with a GPU waits for the others, so it counts as being in an exchange.
  void wait_for_device();

 protected:
  // Without a placement, all ranks are on one host and share its cores. Without a status, the group has one of its own.
  Group(int rank, int size, at::Device device);
  Group(int rank, int size, at::Device device, const Placement& placement, std::shared_ptr<Status> status);

  const std::shared_ptr<Status>& shared_status() const { return status_; }

  // On contiguous tensors of bytes, [bytes] on device(); in all_gather of equal size on all ranks.
  virtual void broadcast_bytes(const at::Tensor& bytes, int root) = 0;
  virtual std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) = 0;

 private:
  int rank_;
  int size_;
  at::Device device_;
  Placement placement_;
  std::shared_ptr<Status> status_;
};

// The values of a dense tensor of any shape in the order in which they lie in memory, [values], as a view. Throws
// std::invalid_argument if the tensor has gaps.
at::Tensor values_in_memory_order(const at::Tensor& tensor);

}  // namespace hpcai::distributed
