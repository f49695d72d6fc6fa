#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace hpcai::distributed {

// Adds up the time that the host, or on a GPU the current stream, spends between start() and stop(), without ever making
// the host wait for the GPU.
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
