#pragma once

#include <functional>

#include "hpcai/distributed/exchange/group.h"

// A group in one process whose other ranks are imagined: rank r holds `weights[r]` times what rank 0 holds. Exchanges are
// recorded, and done in wait().
class FakeGroup : public hpcai::distributed::Group {
 public:
  explicit FakeGroup(std::vector<double> weights)
      : Group(0, static_cast<int>(weights.size()), at::kCPU), weights_(std::move(weights)) {}

  std::unique_ptr<hpcai::distributed::Work> all_reduce_async(const at::Tensor& tensor, hpcai::distributed::ReduceOp) override {
    sent.push_back(tensor);
    double sum = 0;
    for (double weight : weights_) sum += weight;
    return std::make_unique<Later>([tensor, sum] { at::Tensor(tensor).mul_(sum); });
  }

  std::vector<at::Tensor> sent;

 protected:
  void broadcast_bytes(const at::Tensor&, int) override {}
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override {
    std::vector<at::Tensor> all{bytes};
    for (int rank = 1; rank < size(); ++rank) all.push_back(bytes.clone());
    return all;
  }

 private:
  struct Later : hpcai::distributed::Work {
    explicit Later(std::function<void()> work) : work_(std::move(work)) {}
    void wait() override { work_(); }
    std::function<void()> work_;
  };
  std::vector<double> weights_;
};
