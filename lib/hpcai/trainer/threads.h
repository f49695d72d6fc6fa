#pragma once

#include "hpcai/distributed/world/placement.h"

namespace hpcai::trainer {

struct TrainingConfig;

// Sets the number of threads that this rank computes with, in LibTorch and in this program's own kernels. Throws the error of
// process_limit() if the system refuses so many threads.
void set_threads(int threads);
// Does so with training.threads, or if that is 0 with the rank's share of the cores of its host.
void set_threads(const TrainingConfig& training, const distributed::Placement& placement);

}  // namespace hpcai::trainer
