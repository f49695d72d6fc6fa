#pragma once

#include <c10/core/Event.h>

#include <optional>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// Tells the watchdog of each pass over a part of the batch. A host is done with a pass long before its GPU is: it is held back to
// one pass ahead, enough to keep the GPU busy, so that the progress that is told is the GPU's.
class Pacer {
 public:
  explicit Pacer(distributed::Group& group) : group_(group) {}

  // All of a pass has been told to the device.
  void pass_done();

 private:
  distributed::Group& group_;
  std::optional<c10::Event> before_;  // the end of the pass before
};

}  // namespace hpcai::trainer
