#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace hpcai::distributed {

// Adds up the time between start() and stop(): on a CPU the time of the host, on a GPU that of its current stream. The host does
// not wait for the GPU.
class WaitTimer {
 public:
  explicit WaitTimer(at::Device device) : device_(device) {}

  // Begins and ends one interval. Intervals must not overlap.
  void start();
  void stop();
  double seconds() const;  // without the intervals that the GPU has not completed yet
  void tidy();             // releases the GPU events of completed intervals

 private:
  using Clock = std::chrono::steady_clock;
  c10::Event mark() const;

  at::Device device_;
  Clock::time_point begin_;
  double seconds_ = 0;
  std::deque<std::pair<c10::Event, std::optional<c10::Event>>> intervals_;
};

}  // namespace hpcai::distributed
