#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace hpcai::distributed {

// Adds up the time between start() and stop(): on a CPU that of the host, on a GPU that of its current stream. The host never
// waits for the GPU because of that.
class WaitTimer {
 public:
  explicit WaitTimer(at::Device device) : device_(device) {}

  void start();
  void stop();
  double seconds() const;  // intervals that the GPU has not passed yet are missing
  void tidy();             // gives back the GPU events that are no longer needed

 private:
  using Clock = std::chrono::steady_clock;
  c10::Event mark() const;

  at::Device device_;
  Clock::time_point begin_;
  double seconds_ = 0;
  std::deque<std::pair<c10::Event, std::optional<c10::Event>>> intervals_;
};

}  // namespace hpcai::distributed
