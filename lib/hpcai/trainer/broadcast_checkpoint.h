#pragma once

#include <optional>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// Sends the training state that rank `root` has to all ranks: rank 0 has read it, or another rank holds it in memory. Every rank
// calls this function; the state of the other ranks is ignored. Returns std::nullopt on all ranks if `root` has none.
std::optional<checkpoint::Loaded> broadcast_checkpoint(distributed::Group& group, const std::optional<checkpoint::Loaded>& loaded,
                                                       int root = 0);

}  // namespace hpcai::trainer
