#pragma once

#include <ATen/ATen.h>

#include <barrier>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::metrics {

// Ranks that are threads of this process, to test what they agree on without a network.
class ThreadGroup : public distributed::Group {
 public:
  struct Hub {
    explicit Hub(int size) : barrier(size), slots(static_cast<size_t>(size)) {}
    std::barrier<> barrier;
    std::vector<at::Tensor> slots;
  };
  ThreadGroup(std::shared_ptr<Hub> hub, int rank)
      : Group(rank, static_cast<int>(hub->slots.size()), at::kCPU), hub_(std::move(hub)) {}

  std::unique_ptr<distributed::Work> all_reduce_async(const at::Tensor& tensor, distributed::ReduceOp) override {
    at::Tensor sum = at::zeros_like(tensor);
    for (const auto& other : all_gather_bytes(tensor)) sum.add_(other);
    tensor.copy_(sum);
    return std::make_unique<Done>();
  }

 protected:
  void broadcast_bytes(const at::Tensor& bytes, int root) override { bytes.copy_(all_gather_bytes(bytes)[root]); }
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override {
    hub_->slots[rank()] = bytes.clone();
    hub_->barrier.arrive_and_wait();
    std::vector<at::Tensor> all;  // this rank's own, as in a real group
    for (const at::Tensor& slot : hub_->slots) all.push_back(slot.clone());
    hub_->barrier.arrive_and_wait();
    return all;
  }

 private:
  struct Done : distributed::Work {
    void wait() override {}
  };
  std::shared_ptr<Hub> hub_;
};

// Runs body(group) as `size` ranks at once.
inline void as_ranks(int size, const std::function<void(distributed::Group&)>& body) {
  const auto hub = std::make_shared<ThreadGroup::Hub>(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadGroup group(hub, rank);
      body(group);
    });
  }
  for (auto& thread : threads) thread.join();
}

// As as_ranks(); returns what body(group) returns on each rank. Catch2 counts checks in one thread only, so a test checks the
// results.
template <class Body>
auto results_of_ranks(int size, const Body& body) {
  std::vector<std::invoke_result_t<Body, distributed::Group&>> results(static_cast<size_t>(size));
  as_ranks(size, [&](distributed::Group& group) { results[static_cast<size_t>(group.rank())] = body(group); });
  return results;
}

}  // namespace hpcai::metrics
