#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace hpcai::runs {

// Samples per second over the last `window` steps. It ignores the first `skip` steps, which allocation and tuning slow down.
// pause() excludes a break (evaluation, checkpoint).
class Throughput {
 public:
  explicit Throughput(int64_t window = 100, int64_t skip = 5) : window_(window), skip_(skip) {}

  void add(double now_s, int64_t samples);  // records a step of so many samples that ended at now_s on a steady clock
  void pause(double seconds) { paused_s_ += seconds; }
  double samples_per_second() const;       // over the window; 0 until two steps have ended after the skipped ones
  double mean_samples_per_second() const;  // over all steps but the skipped ones; 0 until then

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
