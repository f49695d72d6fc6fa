#include "hpcai/scaling/model/clock.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/resource.h>

namespace hpcai::scaling {

Moment now(at::Device device) {
  Moment moment{std::chrono::steady_clock::now(), std::nullopt};
  if (!device.is_cpu()) {
    moment.event.emplace(device.type(), c10::EventFlag::BACKEND_DEFAULT);  // the flag that enables timing
    moment.event->record(c10::impl::getDeviceGuardImpl(device.type())->getStream(device));
  }
  return moment;
}

double seconds_between(const Moment& begin, const Moment& end) {
  if (!begin.event) return std::chrono::duration<double>(end.host - begin.host).count();
  end.event->synchronize();
  return begin.event->elapsedTime(*end.event) * 1e-3;
}

double core_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace hpcai::scaling
