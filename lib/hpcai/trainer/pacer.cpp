#include "hpcai/trainer/pacer.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <utility>

namespace hpcai::trainer {

void Pacer::pass_done() {
  const at::Device device = group_.device();
  if (!device.is_cpu()) {
    c10::Event end(device.type());
    end.record(c10::impl::getDeviceGuardImpl(device.type())->getStream(device));
    if (before_) {
      // The wait counts as an exchange, because the pass may contain the exchanges of synchronised batch norms.
      const distributed::InPhase phase(group_.status(), distributed::Phase::exchange);
      before_->synchronize();
    }
    before_ = std::move(end);
  }
  group_.status().advance();
}

}  // namespace hpcai::trainer
