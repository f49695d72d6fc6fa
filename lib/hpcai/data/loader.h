#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/data/sampler.h"

namespace hpcai::data {

// This rank's part of one global batch.
struct Batch {
  // float [batch, ...spec().input_shape]; batch may be 0 in evaluation. In channels-last memory if the data set is such.
  at::Tensor input;
  at::Tensor target;           // float [batch, targets] or int64 [batch]
  std::vector<int64_t> index;  // the samples, in order
  int64_t epoch = 0;
  int64_t number = 0;  // of the batch within its epoch
};

// Hands over the sampler's batches in order while background threads read ahead. The threads share the samples of the
// oldest unfinished batch, so the order and content of batches do not depend on their number, and at most
// `queue_batches` batches exist besides the one handed over. Training batches are augmented by (sampler.seed(), epoch,
// sample index); evaluation batches are not, and nothing is read ahead of an epoch's end.
//
// One thread uses a loader. The data set must outlive it.
class Loader {
 public:
  // `pinned` puts the inputs into page-locked memory for copies to a GPU; needs LibTorch's CUDA part.
  Loader(const Dataset& dataset, Sampler sampler, LoaderConfig config = {}, bool pinned = false);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next call of next() gives batch `number` of `epoch`; number may be batches_per_epoch(), which is batch 0 of
  // the next epoch. What was already read ahead from there on is kept.
  void seek(int64_t epoch, int64_t number);
  // The next batch, rolling over into the next epoch. Throws what a background thread threw for this batch.
  Batch next();

  const Dataset& dataset() const { return dataset_; }
  const Sampler& sampler() const { return sampler_; }
  // Seconds that next() has spent waiting for input so far.
  double wait_s() const { return wait_s_; }

 private:
  struct Slot;
  // Samples [begin, end) of a batch, taken by one thread.
  struct Claim {
    std::shared_ptr<Slot> slot;
    int64_t begin = 0;
    int64_t end = 0;
  };

  void run();
  std::shared_ptr<Slot> unfinished_slot() const;
  bool may_read_ahead() const;
  bool augments() const { return sampler_.mode() == SamplerMode::training; }
  void add_slot(std::unique_lock<std::mutex>& lock);
  void work_on(const std::shared_ptr<Slot>& slot, std::unique_lock<std::mutex>& lock);
  void fill(const Claim& claim) const;
  at::Tensor buffer(int64_t batch);

  const Dataset& dataset_;
  const Sampler sampler_;
  const int64_t queue_batches_;
  const bool pinned_;
  const int64_t thread_count_;  // threads_ grows while its first threads already run

  std::mutex mutex_;
  std::condition_variable work_;             // there may be something to read
  std::condition_variable ready_;            // the oldest batch may be complete
  std::deque<std::shared_ptr<Slot>> slots_;  // in order; the front is what next() gives
  std::vector<at::Tensor> buffers_;          // inputs to be used again once nobody else holds them
  int64_t next_to_add_ = 0;                  // positions: epoch * batches_per_epoch + number
  int64_t next_to_give_ = 0;
  int64_t begun_epoch_ = 0;  // evaluation reads ahead within this epoch only
  bool stop_ = false;
  double wait_s_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace hpcai::data
