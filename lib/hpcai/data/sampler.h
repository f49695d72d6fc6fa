#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace hpcai::data {

enum class SamplerMode {
  training,    // shuffled by (seed, epoch); the incomplete last batch of an epoch is dropped
  evaluation,  // file order; every sample exactly once, so the last batch may be smaller
  // As evaluation, but each part is a pass of global_batch / world_size samples, and the last passes of the last batch are
  // smaller or empty. With the same pass the samples of each pass are the same for any number of ranks.
  evaluation_in_passes,
};

// Which samples rank r reads for global batch i of epoch e. Global batch i is a slice of the epoch's order and rank r
// takes its contiguous part [b r / world_size, b (r + 1) / world_size) of the b samples: the samples of a step do not
// depend on the number of ranks. Every rank has the same number of batches; a rank's part may be empty.
class Sampler {
 public:
  // Throws Error{usage} if training is asked for with less than one global batch of samples, std::invalid_argument for
  // arguments that make no sense.
  Sampler(int64_t size, int64_t global_batch, int rank, int world_size, SamplerMode mode, uint64_t seed);

  int64_t size() const { return size_; }
  int64_t batches_per_epoch() const;
  SamplerMode mode() const { return mode_; }
  uint64_t seed() const { return seed_; }

  // Sample indices, in order; 0 <= number < batches_per_epoch(). Thread-safe.
  std::vector<int64_t> batch(int64_t epoch, int64_t number) const;

 private:
  using Order = std::shared_ptr<const std::vector<int64_t>>;
  Order order_of(int64_t epoch) const;

  int64_t size_;
  int64_t global_batch_;
  int rank_;
  int world_size_;
  SamplerMode mode_;
  uint64_t seed_;

  struct LastOrder;  // the permutation of the epoch last asked for: a cache, shared by copies
  std::shared_ptr<LastOrder> last_;
};

}  // namespace hpcai::data
