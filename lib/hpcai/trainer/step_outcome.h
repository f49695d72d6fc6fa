#pragma once

#include <ATen/ATen.h>

#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/step_times.h"

namespace hpcai::trainer {

// What all ranks know about a step before the update.
struct StepOutcome {
  double loss = 0;         // mean over the ranks
  bool finite = true;      // the loss is finite on every rank
  bool stop = false;       // some rank has received a stop signal
  std::vector<Busy> busy;  // of each rank in this step
};

// Exchanges the outcome of a step between the ranks; every rank calls it and receives the same outcome. Waits for the device,
// because it reads the loss. `loss`: [], the loss of this rank. `stop`: whether this rank has received a stop signal. `busy`: the
// times of this rank in this step.
StepOutcome agree_on_step(distributed::Group& group, const at::Tensor& loss, bool stop, const Busy& busy);

// Throws Error{diverged} on all ranks. The error names the step and, for each rank whose loss [] is not finite, the samples of
// any source of `batch` whose input or target is not finite; if all are finite, it names all samples of the training data in
// `batch`. `loader` gave the batch. Every rank calls this function.
[[noreturn]] void report_divergence(distributed::Group& group, int64_t step, const data::StepLoader& loader,
                                    const data::StepBatch& batch, const at::Tensor& loss);

}  // namespace hpcai::trainer
