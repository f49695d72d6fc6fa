#include "hpcai/distributed/exchange/wait_timer.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace hpcai::distributed {

c10::Event WaitTimer::mark() const {
  c10::Event event(device_.type(), c10::EventFlag::BACKEND_DEFAULT);  // this flag makes the event record its time
  event.record(c10::impl::getDeviceGuardImpl(device_.type())->getStream(device_));
  return event;
}

void WaitTimer::start() {
  if (device_.is_cpu()) {
    begin_ = Clock::now();
  } else {
    intervals_.emplace_back(mark(), std::nullopt);
  }
}

void WaitTimer::stop() {
  if (device_.is_cpu()) {
    seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count();
  } else {
    intervals_.back().second.emplace(mark());
  }
}

double WaitTimer::seconds() const {
  double sum = seconds_;
  for (const auto& [begin, end] : intervals_) {
    if (end && end->query()) sum += begin.elapsedTime(*end) * 1e-3;
  }
  return sum;
}

void WaitTimer::tidy() {
  while (!intervals_.empty() && intervals_.front().second && intervals_.front().second->query()) {
    seconds_ += intervals_.front().first.elapsedTime(*intervals_.front().second) * 1e-3;
    intervals_.pop_front();
  }
}

}  // namespace hpcai::distributed
