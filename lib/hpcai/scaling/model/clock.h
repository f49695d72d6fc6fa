#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <chrono>
#include <optional>

namespace hpcai::scaling {

// A moment of the host or, on a GPU, of its current stream.
struct Moment {
  std::chrono::steady_clock::time_point host;
  std::optional<c10::Event> event;
};

Moment now(at::Device device);

// Seconds; on a GPU waits until both have come.
double seconds_between(const Moment& begin, const Moment& end);

// Processor time of this process so far, all threads.
double core_s();

}  // namespace hpcai::scaling
