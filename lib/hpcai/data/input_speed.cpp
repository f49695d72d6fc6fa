#include "hpcai/data/input_speed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <ctime>
#include <mutex>
#include <numeric>
#include <vector>

#include "hpcai/core/parallel.h"

namespace hpcai::data {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The processor time of this thread since its start.
double thread_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

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

// Pieces between one copy and the next. It has no divisor in common with their number, so that all take their turn.
int64_t step_through(int64_t pieces) {
  int64_t step = 7919;
  while (std::gcd(step, pieces) != 1) ++step;
  return step;
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

int64_t InputSpeed::bytes_read_per_sample() const {
  return samples > 0 ? stages.bytes[static_cast<size_t>(Stage::read)] / samples : 0;
}

InputSpeed measure_input(const Dataset& dataset, const Sampler& sampler, int64_t batches, int threads, double seconds) {
  InputSpeed speed;
  speed.threads = threads;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  parallel_for(threads, threads, [&](int64_t) {
    Buffer batch(batch_bytes(dataset, sampler));  // memory near the thread; what it costs is not counted
    auto* out = reinterpret_cast<float*>(batch.data());
    const auto start = Clock::now();
    const double cpu_start = thread_cpu_seconds();
    StageClock clock;
    int64_t samples = 0;
    for (int64_t number; (number = next++) < batches || seconds_since(start) < seconds;) {
      samples += read_batch(dataset, sampler, number % batches, out);
    }
    const StageTimes times = clock.times();
    const std::lock_guard lock(mutex);
    speed.samples += samples;
    speed.seconds = std::max(speed.seconds, seconds_since(start));
    speed.cpu_seconds += thread_cpu_seconds() - cpu_start;
    speed.stages += times;
  });
  return speed;
}

int64_t batches_in(const Dataset& dataset, const Sampler& sampler, double seconds) {
  Buffer batch(batch_bytes(dataset, sampler));
  const auto start = Clock::now();
  read_batch(dataset, sampler, 0, reinterpret_cast<float*>(batch.data()));
  const double needed = std::max(1e-9, seconds_since(start));
  return std::clamp<int64_t>(static_cast<int64_t>(std::min(1e9, seconds / needed)), 1, sampler.batches_per_epoch());
}

double memcpy_mb_per_second(int64_t piece_bytes, int64_t source_bytes, int threads) {
  constexpr int kTries = 9;
  constexpr int64_t kLeastBytes = int64_t{1} << 24;  // copied in one try, so that a clock can tell its time
  const int64_t pieces = std::max<int64_t>(1, source_bytes / piece_bytes), step = step_through(pieces);
  const int64_t copies = std::max(pieces, (kLeastBytes + piece_bytes - 1) / piece_bytes);
  Buffer source(pieces * piece_bytes);
  std::vector<Buffer> pieces_of_threads(static_cast<size_t>(threads), Buffer(piece_bytes));
  std::vector<double> rates;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> seconds(static_cast<size_t>(threads));
    parallel_for(threads, threads, [&](int64_t thread) {
      std::byte* const to = pieces_of_threads[static_cast<size_t>(thread)].data();
      const double start = thread_cpu_seconds();
      for (int64_t copy = 0; copy < copies; ++copy) {
        const int64_t piece = (copy * step + thread * pieces / threads) % pieces;
        std::memcpy(to, source.data() + piece * piece_bytes, static_cast<size_t>(piece_bytes));
      }
      seconds[static_cast<size_t>(thread)] = thread_cpu_seconds() - start;
    });
    const double mean_s = std::accumulate(seconds.begin(), seconds.end(), 0.0) / threads;
    rates.push_back(1e-6 * static_cast<double>(piece_bytes * copies * threads) / mean_s);
  }
  std::nth_element(rates.begin(), rates.begin() + kTries / 2, rates.end());
  return rates[kTries / 2];
}

}  // namespace hpcai::data
