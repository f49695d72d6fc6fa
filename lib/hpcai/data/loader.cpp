#include "hpcai/data/loader.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>

#include "hpcai/core/threads/cores.h"
#include "hpcai/core/threads/start.h"

namespace hpcai::data {

struct Loader::Slot {
  Batch batch;
  bool open = false;      // index and tensors are there
  int64_t unclaimed = 0;  // first sample that no thread has taken
  int64_t left = 0;       // samples that are not yet written
  std::exception_ptr failure;
  int64_t failed_at = 0;  // the claim of `failure`

  int64_t size() const { return static_cast<int64_t>(batch.index.size()); }
  bool complete() const { return open && left == 0; }
};

namespace {

void end_threads(std::mutex& mutex, bool& stop, std::condition_variable& work, std::vector<std::thread>& threads) {
  {
    std::lock_guard lock(mutex);
    stop = true;
  }
  work.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Loader::Loader(const Dataset& dataset, Sampler sampler, LoaderConfig config, bool pinned)
    : dataset_(dataset),
      sampler_(std::move(sampler)),
      queue_batches_(std::max<int64_t>(1, config.queue_batches)),
      pinned_(pinned),
      thread_count_(config.threads > 0 ? config.threads : std::clamp(available_cores() / 2, 1, 8)) {
  if (sampler_.size() != dataset.size()) throw std::invalid_argument("Loader: the sampler is of another size");
  if (sampler_.batches_per_epoch() == 0) throw std::invalid_argument("Loader: the data set is empty");
  try {
    for (int64_t i = 0; i < thread_count_; ++i) threads_.push_back(start_thread("of the loader", [this] { run(); }));
  } catch (...) {
    end_threads(mutex_, stop_, work_, threads_);
    throw;
  }
}

Loader::~Loader() { end_threads(mutex_, stop_, work_, threads_); }

void Loader::seek(int64_t epoch, int64_t number) {
  const int64_t batches = sampler_.batches_per_epoch();
  if (epoch < 0 || number < 0 || number > batches) throw std::out_of_range("Loader: seek beyond the epoch");
  std::lock_guard lock(mutex_);
  const int64_t target = epoch * batches + number;
  if (target < next_to_give_ || target > next_to_add_) {
    slots_.clear();
    next_to_add_ = target;
  } else {
    slots_.erase(slots_.begin(), slots_.begin() + (target - next_to_give_));
  }
  next_to_give_ = target;
  begun_epoch_ = target / batches;
  work_.notify_all();
}

Batch Loader::next() {
  std::unique_lock lock(mutex_);
  begun_epoch_ = next_to_give_ / sampler_.batches_per_epoch();
  work_.notify_all();
  const auto start = std::chrono::steady_clock::now();
  ready_.wait(lock, [this] { return !slots_.empty() && slots_.front()->complete(); });
  wait_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (slots_.front()->failure) std::rethrow_exception(slots_.front()->failure);
  Batch batch = std::move(slots_.front()->batch);
  slots_.pop_front();
  ++next_to_give_;
  work_.notify_all();
  return batch;
}

std::shared_ptr<Loader::Slot> Loader::unfinished_slot() const {
  for (const auto& slot : slots_) {
    if (slot->open && slot->unclaimed < slot->size()) return slot;
  }
  return nullptr;
}

bool Loader::may_read_ahead() const {
  if (static_cast<int64_t>(slots_.size()) >= queue_batches_) return false;
  return sampler_.mode() == SamplerMode::training || next_to_add_ / sampler_.batches_per_epoch() == begun_epoch_;
}

void Loader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stop_ || unfinished_slot() || may_read_ahead(); });
    if (stop_) return;
    if (const auto slot = unfinished_slot()) {
      work_on(slot, lock);
    } else {
      add_slot(lock);
    }
  }
}

// The sampler's permutation and the tensors can take a while: they are made without the lock.
void Loader::add_slot(std::unique_lock<std::mutex>& lock) {
  const auto slot = std::make_shared<Slot>();
  slots_.push_back(slot);
  Batch batch;
  batch.epoch = next_to_add_ / sampler_.batches_per_epoch();
  batch.number = next_to_add_ % sampler_.batches_per_epoch();
  ++next_to_add_;
  lock.unlock();
  std::exception_ptr failure;
  try {
    batch.index = sampler_.batch(batch.epoch, batch.number);
    const Draw draw{sampler_.seed(), batch.epoch};
    batch.target = dataset_.drawn_targets(batch.index, augments() ? &draw : nullptr);
    batch.input = buffer(static_cast<int64_t>(batch.index.size()));
  } catch (...) {
    failure = std::current_exception();
    batch.index.clear();
  }
  lock.lock();
  slot->batch = std::move(batch);
  slot->failure = failure;
  slot->left = slot->size();
  slot->open = true;
  work_.notify_all();
  if (slot->complete()) ready_.notify_one();
}

void Loader::work_on(const std::shared_ptr<Slot>& slot, std::unique_lock<std::mutex>& lock) {
  const int64_t pieces = 4 * thread_count_;
  const int64_t count = std::max<int64_t>(1, slot->size() / pieces);
  const Claim claim{slot, slot->unclaimed, std::min(slot->unclaimed + count, slot->size())};
  slot->unclaimed = claim.end;
  lock.unlock();
  std::exception_ptr failure;
  try {
    fill(claim);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  // Claims are taken in order, so the earliest failing sample of the batch is always among those that are read: which
  // failure is reported does not depend on the threads.
  if (failure) {
    if (!slot->failure || claim.begin < slot->failed_at) {
      slot->failure = failure;
      slot->failed_at = claim.begin;
    }
    slot->left -= slot->size() - slot->unclaimed;
    slot->unclaimed = slot->size();
  }
  slot->left -= claim.end - claim.begin;
  if (slot->left == 0) ready_.notify_one();
}

void Loader::fill(const Claim& claim) const {
  const Batch& batch = claim.slot->batch;
  const Draw draw{sampler_.seed(), batch.epoch};
  const Draw* augment = augments() ? &draw : nullptr;
  float* out = batch.input.mutable_data_ptr<float>();
  const int64_t stride = dataset_.input_size();
  const auto read = dataset_.is_channels_last() ? &Dataset::read_channels_last : &Dataset::read;
  for (int64_t i = claim.begin; i < claim.end; ++i) (dataset_.*read)(batch.index[i], augment, out + i * stride);
}

// Memory fresh from the system costs a page fault for every 4 KiB, more than filling it: buffers that have come back
// are used again. Page-locked ones are left to LibTorch's allocator, which knows when the GPU has read them.
at::Tensor Loader::buffer(int64_t batch) {
  std::vector<int64_t> shape{batch};
  const auto& input_shape = dataset_.spec().input_shape;
  shape.insert(shape.end(), input_shape.begin(), input_shape.end());
  const auto format = dataset_.is_channels_last() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  if (pinned_) return at::empty(shape, at::TensorOptions(at::kFloat).pinned_memory(true), format);
  std::lock_guard lock(mutex_);
  for (const at::Tensor& tensor : buffers_) {
    if (tensor.use_count() == 1 && tensor.storage().use_count() == 1 && tensor.sizes() == at::IntArrayRef(shape)) {
      return tensor;
    }
  }
  at::Tensor tensor = at::empty(shape, at::TensorOptions(at::kFloat), format);
  if (static_cast<int64_t>(buffers_.size()) < queue_batches_ + 2) buffers_.push_back(tensor);
  return tensor;
}

}  // namespace hpcai::data
