#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::scaling {

// Rank 0 of two equal ranks, of which the other does not exist. So one process does all that a rank does among others, but the
// waiting: every exchange is done when it is called. Sums are those of two equal ranks, except that gradients stay as they are.
class RehearsalGroup : public distributed::Group {
 public:
  explicit RehearsalGroup(at::Device device) : Group(0, 2, device) {}

  // Called with each bucket of gradients when it would leave.
  void on_bucket(std::function<void(const at::Tensor& bucket)> tell) { on_bucket_ = std::move(tell); }
  // Exchanges that a rank has to wait for, since the last forget().
  int64_t blocking_exchanges() const { return exchanges_; }
  double blocking_bytes() const { return bytes_; }
  void forget() {
    exchanges_ = 0;
    bytes_ = 0;
  }

  bool can_average() const override { return !device().is_cpu(); }  // as NCCL does, and Gloo does not
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
