#pragma once

#include <torch/csrc/distributed/c10d/Work.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/backend.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/meeting/rendezvous.h"
#include "hpcai/distributed/exchange/shared_memory.h"
#include "hpcai/distributed/exchange/wait_timer.h"
#include "hpcai/distributed/watch/watchdog.h"

namespace hpcai::distributed {

// A group over one of LibTorch's backends, Gloo or NCCL. From its making the ranks watch over each other.
class BackendGroup : public Group {
 public:
  BackendGroup(Meeting meeting, const WatchLimits& limits, int rank, at::Device device);
  ~BackendGroup() override;

  // Before the first exchange. `can_average`: see Group.
  void use(BackendPointer backend, bool can_average);
  // Lets short messages between the ranks of one host go through memory, where all of them can share it. `own_core`: a rank
  // that waits takes no core from another. All ranks call it.
  void share_memory(bool own_core);
  const c10::intrusive_ptr<c10d::Store>& store() const { return meeting_.store; }

  bool can_average() const override { return can_average_; }
  double wait_s() const override { return timer_.seconds(); }
  std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op) override;
  void all_reduce_sum(const at::Tensor& tensor) override;

  // Ends an exchange. Throws Error{peers_unreachable} or Error{hang} with the name of the rank that is the reason.
  void finish(c10d::Work& work, const char* what);

 protected:
  void broadcast_bytes(const at::Tensor& bytes, int root) override;
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override;

 private:
  template <class Start>
  c10::intrusive_ptr<c10d::Work> start(const char* what, Start start);
  template <class Rest>
  void finish_timed(const char* what, Rest rest);
  std::vector<at::Tensor> gather_short(const at::Tensor& values);
  void shut_down();
  [[noreturn]] void report_loss(const char* what, const std::exception& reason);

  Meeting meeting_;
  BackendPointer backend_;
  bool can_average_ = false, own_core_ = false;
  std::unique_ptr<SharedMemory> memory_;
  std::atomic<SharedMemory*> abandonable_{nullptr};  // memory_ as the watchdog's thread sees it
  WaitTimer timer_;
  bool broken_ = false;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace hpcai::distributed
