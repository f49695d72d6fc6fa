#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hpcai::data {

// Samples of one size. A sample stays in memory after its first read. Thread-safe. Memory is taken as samples come.
template <class Value>
class Cache {
 public:
  // Whether `count` samples of `size` values take at most limit_mb.
  static bool fits(int64_t count, int64_t size, int64_t limit_mb) {
    return static_cast<double>(count) * static_cast<double>(size) * sizeof(Value) <= 1e6 * static_cast<double>(limit_mb);
  }

  Cache(int64_t count, int64_t size)
      : size_(size), values_(new Value[static_cast<size_t>(count * size)]), states_(static_cast<size_t>(count)) {}

  // The sample's values: those kept, or what fill(Value* out) writes now, which are then kept. `buffer` holds them where another
  // thread is just writing this sample; the pointer is good as long as the cache and the buffer are.
  template <class Fill>
  const Value* get(int64_t index, std::vector<Value>& buffer, const Fill& fill) {
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
    }
    buffer.resize(static_cast<size_t>(size_));  // an own copy rather than a wait
    fill(buffer.data());
    return buffer.data();
  }

 private:
  static constexpr uint8_t kEmpty = 0, kBeingWritten = 1, kThere = 2;

  int64_t size_;
  std::unique_ptr<Value[]> values_;
  std::vector<std::atomic<uint8_t>> states_;
};

// Asks for a cache to be filled at once, with progress messages.
struct FillCache {
  int threads = 0;   // that share the work; 0 = all cores
  std::string what;  // in messages: "simulating train galaxies"
};

}  // namespace hpcai::data
