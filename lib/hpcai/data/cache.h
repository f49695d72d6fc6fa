#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace hpcai::data {

// Samples of one size, kept in memory once somebody has read or made them. Thread-safe. Memory is taken as samples come.
template <class Value>
class Cache {
 public:
  // Keeps nothing if count * size values exceed limit_mb.
  Cache(int64_t count, int64_t size, int64_t limit_mb) : size_(size) {
    if (static_cast<double>(count) * static_cast<double>(size) * sizeof(Value) > 1e6 * static_cast<double>(limit_mb)) return;
    values_.reset(new Value[static_cast<size_t>(count * size)]);
    states_ = std::vector<std::atomic<uint8_t>>(static_cast<size_t>(count));
  }

  bool enabled() const { return values_ != nullptr; }
  int64_t size() const { return size_; }  // values of one sample

  // The sample's values: those kept, or what fill(Value* out) writes now, which are then kept. `buffer` holds them when
  // they are not kept; the pointer is good as long as the cache and the buffer are.
  template <class Fill>
  const Value* get(int64_t index, std::vector<Value>& buffer, const Fill& fill) {
    if (values_) {
      Value* place = values_.get() + index * size_;
      std::atomic<uint8_t>& state = states_[static_cast<size_t>(index)];
      if (state.load(std::memory_order_acquire) == kThere) return place;
      uint8_t expected = kEmpty;
      if (state.compare_exchange_strong(expected, kBeingWritten)) {
        try {
          fill(place);
        } catch (...) {
          state.store(kEmpty, std::memory_order_release);
          throw;
        }
        state.store(kThere, std::memory_order_release);
        return place;
      }  // another thread is writing the same sample: make an own copy rather than wait
    }
    buffer.resize(static_cast<size_t>(size_));
    fill(buffer.data());
    return buffer.data();
  }

 private:
  static constexpr uint8_t kEmpty = 0, kBeingWritten = 1, kThere = 2;

  int64_t size_;
  std::unique_ptr<Value[]> values_;
  std::vector<std::atomic<uint8_t>> states_;
};

}  // namespace hpcai::data
