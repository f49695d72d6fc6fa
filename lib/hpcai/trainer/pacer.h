#pragma once

#include <c10/core/Event.h>

#include <optional>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// Reports each pass over a part of the batch to the watchdog as progress. The host queues a pass long before the GPU has computed
// it. So the host waits until the GPU has finished the pass before, and the reported progress is that of the GPU. The GPU stays
// busy, because one pass is always queued.
class Pacer {
 public:
  explicit Pacer(distributed::Group& group) : group_(group) {}

  // Called when all operations of a pass have been queued on the device.
  void pass_done();

 private:
  distributed::Group& group_;
  std::optional<c10::Event> before_;  // end of the previous pass
};

}  // namespace hpcai::trainer
