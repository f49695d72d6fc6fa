#pragma once

#include "hpcai/core/threads/choice.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Threads that this rank computes with: `setting` (training.threads) if that is not 0, else OMP_NUM_THREADS, else its share of
// the cores that the process may use; see hpcai::choose_threads.
ThreadChoice choose_threads(int64_t setting, const World& world);

}  // namespace hpcai::distributed
