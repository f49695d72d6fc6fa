#pragma once

#include <ATen/ATen.h>

#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/step_times.h"

namespace hpcai::trainer {

// What all ranks know of a step before they update.
struct StepOutcome {
  double loss = 0;         // mean over the ranks
  bool finite = true;      // on every rank
  bool stop = false;       // some rank was asked to stop
  std::vector<Busy> busy;  // each rank in this step
};

// One small exchange, which reads the loss from the device. `loss`: this rank's, a scalar; `stop`: whether this rank was asked to
// stop; `busy`: what it did in this step.
StepOutcome agree_on_step(distributed::Group& group, const at::Tensor& loss, bool stop, const Busy& busy);

// Throws, on all ranks, Error{diverged} that names the step and the samples: those of any source of `batch` whose input or target
// is not finite, or else those of the training data, from the ranks whose own loss is not finite. `loader` gave the batch.
[[noreturn]] void report_divergence(distributed::Group& group, int64_t step, const data::StepLoader& loader,
                                    const data::StepBatch& batch, const at::Tensor& loss);

}  // namespace hpcai::trainer
