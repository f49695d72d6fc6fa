#pragma once

#include <torch/csrc/distributed/c10d/Work.hpp>

#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/backend.h"
#include "hpcai/distributed/group.h"
#include "hpcai/distributed/rendezvous.h"
#include "hpcai/distributed/wait_timer.h"

namespace hpcai::distributed {

// A group over one of LibTorch's backends, Gloo or NCCL.
class BackendGroup : public Group {
 public:
  BackendGroup(BackendPointer backend, Meeting meeting, int rank, at::Device device, bool can_average);
  ~BackendGroup() override;

  bool can_average() const override { return can_average_; }
  double wait_s() const override { return timer_.seconds(); }
  std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op) override;

  // Ends an exchange. Throws Error{peers_unreachable} with the name of the lost rank.
  void finish(c10d::Work& work, const char* what);

 protected:
  void broadcast_bytes(const at::Tensor& bytes, int root) override;
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override;

 private:
  template <class Start>
  c10::intrusive_ptr<c10d::Work> start(const char* what, Start start);
  [[noreturn]] void report_loss(const char* what, const std::exception& reason);

  BackendPointer backend_;
  Meeting meeting_;
  bool can_average_;
  WaitTimer timer_;
  bool broken_ = false;
};

}  // namespace hpcai::distributed
