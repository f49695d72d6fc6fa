#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace hpcai::runs {

// Samples per second over the last `window` steps; the first `skip` steps, slowed by allocation and tuning, never
// count. pause() leaves a break (evaluation, checkpoint) out of the count.
class Throughput {
 public:
  explicit Throughput(int64_t window = 100, int64_t skip = 5) : window_(window), skip_(skip) {}

  void add(double now_s, int64_t samples);  // one step of so many samples ended at now_s, any steady clock
  void pause(double seconds) { paused_s_ += seconds; }
  double samples_per_second() const;       // over the window; 0 until two counted step ends
  double mean_samples_per_second() const;  // over everything but the skipped steps; 0 until then

 private:
  int64_t window_;
  int64_t skip_;
  int64_t steps_ = 0;
  int64_t samples_ = 0;
  double paused_s_ = 0;
  std::optional<std::pair<double, int64_t>> first_;
  std::deque<std::pair<double, int64_t>> ends_;  // time without pauses, samples since the start
};

}  // namespace hpcai::runs
