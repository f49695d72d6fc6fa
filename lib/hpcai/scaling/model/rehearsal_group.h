#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::scaling {

// Imitates rank 0 of two ranks in one process. The imaginary rank 1 has the same values as rank 0. So a process does the work of
// a rank among others without waiting: every exchange is complete when the call returns. all_reduce_sum doubles its tensor.
// all_reduce_async, which gradients use, leaves its tensor unchanged.
class RehearsalGroup : public distributed::Group {
 public:
  explicit RehearsalGroup(at::Device device) : Group(0, 2, device) {}

  // Sets a function that receives each bucket of gradients [elements] when it would be sent.
  void on_bucket(std::function<void(const at::Tensor& bucket)> tell) { on_bucket_ = std::move(tell); }
  // The number and the bytes of all_reduce_sum calls since the last forget(): exchanges for which a rank would wait.
  int64_t blocking_exchanges() const { return exchanges_; }
  double blocking_bytes() const { return bytes_; }
  void forget() {
    exchanges_ = 0;
    bytes_ = 0;
  }

  bool can_average() const override { return true; }  // as the groups of several ranks
  std::unique_ptr<distributed::Work> all_reduce_async(const at::Tensor& tensor, distributed::ReduceOp) override {
    if (on_bucket_) on_bucket_(tensor);
    return std::make_unique<Done>();
  }
  void all_reduce_sum(const at::Tensor& tensor) override {
    ++exchanges_;
    bytes_ += static_cast<double>(tensor.nbytes());
    at::Tensor(tensor).mul_(2);
  }

 protected:
  void broadcast_bytes(const at::Tensor&, int) override {}
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override { return {bytes.clone(), bytes.clone()}; }

 private:
  struct Done : distributed::Work {
    void wait() override {}
  };

  std::function<void(const at::Tensor&)> on_bucket_;
  int64_t exchanges_ = 0;
  double bytes_ = 0;
};

}  // namespace hpcai::scaling
