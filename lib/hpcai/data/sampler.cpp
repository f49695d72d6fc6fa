#include "hpcai/data/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"

namespace hpcai::data {

struct Sampler::LastOrder {
  std::mutex mutex;
  int64_t epoch = -1;
  Order order;
};

Sampler::Sampler(int64_t size, int64_t global_batch, int rank, int world_size, SamplerMode mode, uint64_t seed)
    : size_(size),
      global_batch_(global_batch),
      rank_(rank),
      world_size_(world_size),
      mode_(mode),
      seed_(seed),
      last_(std::make_shared<LastOrder>()) {
  if (size < 0 || global_batch < 1 || world_size < 1 || rank < 0 || rank >= world_size) {
    throw std::invalid_argument(
        fmt::format("Sampler: size {}, global batch {}, rank {} of {}", size, global_batch, rank, world_size));
  }
  if (mode == SamplerMode::training && size < global_batch) {
    throw Error(ExitCode::usage,
                fmt::format("the training set has {} samples, less than one global batch of {}", size, global_batch),
                "Lower training.global_batch or use more data.");
  }
}

int64_t Sampler::batches_per_epoch() const {
  const int64_t whole = size_ / global_batch_;
  return mode_ == SamplerMode::training ? whole : whole + (size_ % global_batch_ != 0);
}

Sampler::Order Sampler::order_of(int64_t epoch) const {
  std::lock_guard lock(last_->mutex);
  if (last_->epoch != epoch) {
    last_->order = std::make_shared<const std::vector<int64_t>>(permutation(size_, seed_, static_cast<uint64_t>(epoch)));
    last_->epoch = epoch;
  }
  return last_->order;
}

std::vector<int64_t> Sampler::batch(int64_t epoch, int64_t number) const {
  if (epoch < 0 || number < 0 || number >= batches_per_epoch()) {
    throw std::out_of_range(fmt::format("Sampler: batch {} of epoch {}", number, epoch));
  }
  const int64_t first = number * global_batch_;
  const int64_t count = std::min(global_batch_, size_ - first);
  // count / world_size is exact where it divides; the products stay far below 2^63 (batch and ranks are small)
  const int64_t shared = mode_ == SamplerMode::evaluation_in_passes ? global_batch_ : count;
  const int64_t begin = first + std::min(count, shared * rank_ / world_size_);
  const int64_t end = first + std::min(count, shared * (rank_ + 1) / world_size_);
  if (mode_ == SamplerMode::training) {
    const Order order = order_of(epoch);
    return {order->begin() + begin, order->begin() + end};
  }
  std::vector<int64_t> index(static_cast<size_t>(end - begin));
  std::iota(index.begin(), index.end(), begin);
  return index;
}

}  // namespace hpcai::data
