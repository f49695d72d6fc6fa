#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <chrono>
#include <optional>

namespace hpcai::scaling {

// A point in time. On a GPU `event` is recorded in the current stream; its time is when the stream has done all earlier work.
struct Moment {
  std::chrono::steady_clock::time_point host;
  std::optional<c10::Event> event;
};

// The present moment on `device`. Does not wait for the GPU.
Moment now(at::Device device);

// The time from `begin` to `end` in seconds. Both come from now() with the same device. On a GPU the caller waits until the
// stream has reached `end`.
double seconds_between(const Moment& begin, const Moment& end);

// The processor time, in seconds, that all threads of this process have used since its start (user and system).
double core_s();

}  // namespace hpcai::scaling
