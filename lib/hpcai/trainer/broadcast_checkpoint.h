#pragma once

#include <optional>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// Gives every rank the training state that rank 0 has read, so that only rank 0 needs the run folder's file system.
std::optional<checkpoint::Loaded> broadcast_checkpoint(distributed::Group& group,
                                                       const std::optional<checkpoint::Loaded>& loaded);

}  // namespace hpcai::trainer
