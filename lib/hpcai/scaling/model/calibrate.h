#pragma once

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/scaling/model/calibration.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

struct CalibrateOptions {
  double seconds = 60;             // approximate time of the whole calibration
  std::vector<int64_t> batches{};  // batch sizes of one pass that are timed; empty: derived from training.global_batch
};

// Measures the inputs of predict() (step_model.h) in three phases:
//   1. All ranks on rank 0's host train at the same time. The step times of rank 0 are recorded.
//   2. Rank 0 times its loader and steps with another number of threads. The other ranks wait.
//   3. All ranks of `group` time exchanges with each other. A group of one rank skips this phase.
// Every rank calls this function. Every rank receives the same result if the group has more than one rank.
// Throws what trainer::build throws.
Calibration calibrate(const trainer::Experiment& experiment, distributed::Group& group, const distributed::World& world,
                      const CalibrateOptions& options = {});

// A digest of the settings that determine the time of a pass. Two experiments that differ only in epochs, steps, batch size,
// accumulation, seed, early stop, schedule, learning rate, evaluation or checkpoints have the same digest.
std::string workload_digest(trainer::Experiment experiment);

}  // namespace hpcai::scaling
