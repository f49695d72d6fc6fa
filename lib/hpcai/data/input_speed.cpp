#include "hpcai/data/input_speed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <vector>

#include "hpcai/core/parallel.h"

namespace hpcai::data {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Buffers from the heap start at 64 bytes, as tensors do.
struct alignas(64) Line {
  std::byte bytes[64];
};

class Buffer {
 public:
  explicit Buffer(int64_t bytes) : lines_(static_cast<size_t>(bytes) / sizeof(Line) + 1) {}
  std::byte* data() { return lines_.front().bytes; }

 private:
  std::vector<Line> lines_;
};

// Returns the number of samples.
int64_t read_batch(const Dataset& dataset, const Sampler& sampler, int64_t number, float* out) {
  const auto read = dataset.is_channels_last() ? &Dataset::read_channels_last : &Dataset::read;
  const Draw draw{sampler.seed(), 0};
  const std::vector<int64_t> samples = sampler.batch(0, number);
  for (const int64_t i : samples) {
    (dataset.*read)(i, &draw, out);
    out += dataset.input_size();
  }
  return static_cast<int64_t>(samples.size());
}

int64_t batch_bytes(const Dataset& dataset, const Sampler& sampler) {
  return static_cast<int64_t>(sampler.batch(0, 0).size() * sizeof(float)) * dataset.input_size();
}

}  // namespace

double InputSpeed::samples_per_second(Stage stage) const {
  const double busy = stages.seconds[static_cast<size_t>(stage)] / threads;
  const bool used = stage == Stage::other || stages.bytes[static_cast<size_t>(stage)] > 0;
  return used && busy > 0 ? static_cast<double>(samples) / busy : 0;
}

double InputSpeed::mb_per_second(Stage stage) const {
  const double busy = stages.seconds[static_cast<size_t>(stage)] / threads;
  return busy > 0 ? 1e-6 * static_cast<double>(stages.bytes[static_cast<size_t>(stage)]) / busy : 0;
}

InputSpeed measure_input(const Dataset& dataset, const Sampler& sampler, int64_t batches, int threads, double seconds) {
  InputSpeed speed{.samples = 0, .threads = threads, .seconds = 0, .stages = {}};
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  const auto start = Clock::now();
  parallel_for(threads, threads, [&](int64_t) {
    Buffer batch(batch_bytes(dataset, sampler));
    auto* out = reinterpret_cast<float*>(batch.data());
    StageClock clock;
    int64_t samples = 0;
    for (int64_t number; (number = next++) < batches || seconds_since(start) < seconds;) {
      samples += read_batch(dataset, sampler, number % batches, out);
    }
    const StageTimes times = clock.times();
    const std::lock_guard lock(mutex);
    speed.samples += samples;
    speed.stages += times;
  });
  speed.seconds = seconds_since(start);
  return speed;
}

int64_t batches_in(const Dataset& dataset, const Sampler& sampler, double seconds) {
  Buffer batch(batch_bytes(dataset, sampler));
  const auto start = Clock::now();
  read_batch(dataset, sampler, 0, reinterpret_cast<float*>(batch.data()));
  const double needed = std::max(1e-9, seconds_since(start));
  return std::clamp<int64_t>(static_cast<int64_t>(std::min(1e9, seconds / needed)), 1, sampler.batches_per_epoch());
}

double memcpy_mb_per_second(int64_t bytes, int threads) {
  constexpr int kTries = 9;
  constexpr int64_t kLeastBytes = int64_t{1} << 24;  // copied in one try, so that a clock can tell its time
  const int64_t copies = (kLeastBytes + bytes - 1) / bytes;
  std::vector<Buffer> from(static_cast<size_t>(threads), Buffer(bytes)), to = from;
  std::vector<double> rates;
  for (int i = 0; i < kTries; ++i) {
    const auto start = Clock::now();
    parallel_for(threads, threads, [&](int64_t thread) {
      const auto t = static_cast<size_t>(thread);
      for (int64_t copy = 0; copy < copies; ++copy) std::memcpy(to[t].data(), from[t].data(), static_cast<size_t>(bytes));
    });
    rates.push_back(1e-6 * static_cast<double>(bytes * copies * threads) / seconds_since(start));
  }
  std::nth_element(rates.begin(), rates.begin() + kTries / 2, rates.end());
  return rates[kTries / 2];
}

}  // namespace hpcai::data
