#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/watch/status.h"
#include "hpcai/distributed/world/world.h"

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

// The ranks of a run, and what they can do together. Every rank must make the same calls in the same order, with
// tensors on device(). Any call may throw Error{peers_unreachable} or Error{hang} with the rank that is the reason; where a
// call can not return, the process ends with that status within distributed.timeout_s (watchdog.h).
class Group {
 public:
  // Meets the other ranks, within distributed.connect_timeout_s. A world of one rank needs no network (but gets an
  // NCCL group where `backend: nccl` demands one). With `use_gpu` this loads libhpcai_cuda.so and chooses the GPU.
  // Throws Error{usage} for a backend that does not fit the device, Error{peers_unreachable} naming the ranks that did
  // not come, or the port that another program holds.
  static std::unique_ptr<Group> create(const World& world, const DistributedConfig& config, bool use_gpu);

  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  at::Device device() const { return device_; }
  virtual bool can_average() const { return false; }  // whether ReduceOp::average is offered (NCCL)
  // Seconds that this rank, on a GPU its current stream, has spent in wait() of any exchange so far; on a GPU exchanges that
  // the stream has not reached yet are missing.
  virtual double wait_s() const { return 0; }
  // Where this rank tells what it is doing, for the messages about ranks that are lost or hang.
  Status& status() { return *status_; }

  // In place; the tensor is dense (any order of dimensions) and stays alive and untouched until wait() has returned.
  virtual std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op = ReduceOp::sum) = 0;
  // The same, ended. On CPUs a short tensor is gathered and added up in the order of the ranks, so that its sum does not
  // depend on what carries it.
  virtual void all_reduce_sum(const at::Tensor& tensor) { all_reduce_async(tensor)->wait(); }
  // In place, from rank `root` to all; any dtype.
  void broadcast(const at::Tensor& tensor, int root = 0);
  std::string broadcast(const std::string& text, int root = 0);
  // One tensor or text of each rank, in the order of the ranks. Tensors may differ in the size of their first dimension;
  // any dtype.
  std::vector<at::Tensor> all_gather(const at::Tensor& tensor);
  std::vector<std::string> all_gather(const std::string& text);
  // Returns when all ranks have called it and all earlier exchanges are done, on a GPU too.
  void barrier();
  // Returns when this rank's GPU has done all that it was told to, exchanges included; at once on a CPU. Here, not in
  // work.wait(), a rank with a GPU waits for the others, so it counts as being in an exchange.
  void wait_for_device();

 protected:
  Group(int rank, int size, at::Device device) : rank_(rank), size_(size), device_(device) {}

  std::shared_ptr<Status> shared_status() const { return status_; }

  // On contiguous tensors of bytes on device(); in all_gather of equal size.
  virtual void broadcast_bytes(const at::Tensor& bytes, int root) = 0;
  virtual std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) = 0;

 private:
  int rank_;
  int size_;
  at::Device device_;
  std::shared_ptr<Status> status_ = std::make_shared<Status>();
};

// A group of one member: every exchange is done when it is called.
std::unique_ptr<Group> make_single_group(at::Device device = at::kCPU);

// The values of a dense tensor in the order in which they lie in memory; throws std::invalid_argument if it has gaps.
at::Tensor values_in_memory_order(const at::Tensor& tensor);

// Makes `tensors` equal on all ranks to those of rank 0, in place. Throws Error{ranks_disagree} if their number, shapes
// or dtypes differ.
void broadcast_state(Group& group, const std::vector<at::Tensor>& tensors);

// Throws Error{ranks_disagree}, on all ranks, naming those whose `value` differs from rank 0's. `what` completes the
// sentence "the ranks have different ..."; short sentences are shown, digests and long texts are not.
void agree(Group& group, const std::string& what, const std::string& value);

}  // namespace hpcai::distributed
