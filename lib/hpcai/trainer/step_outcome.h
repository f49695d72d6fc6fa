#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/observer.h"
#include "hpcai/trainer/step_times.h"

namespace hpcai::trainer {

// What all ranks know about a step before the update.
struct StepOutcome {
  double loss = 0;               // mean over the ranks
  bool loss_finite = true;       // on every rank
  bool gradients_finite = true;  // on every rank
  bool stop = false;             // some rank has received a stop signal
  std::vector<Busy> busy;        // of each rank in this step

  bool finite() const { return loss_finite && gradients_finite; }
};

// Exchanges the outcome of a step between the ranks; every rank calls it and receives the same outcome. Waits for the device,
// because it reads `loss` and `not_finite`, both [] float32, in one go: the loss of this rank, and whether an averaged gradient
// is not finite (Step::not_finite). `stop`: whether this rank has received a stop signal. `busy`: the times of this rank in this
// step.
StepOutcome agree_on_step(distributed::Group& group, const at::Tensor& loss, const at::Tensor& not_finite, bool stop,
                          const Busy& busy);

// A step whose loss or gradients are not finite.
struct Divergence {
  SkippedStep step;   // what is not finite, and the suspected samples of all ranks
  std::string where;  // the suspected samples in words, at most a few of each rank: "rank 1: values that are not finite in s41"
};

// Finds out on all ranks what is not finite in a step. Suspected are the samples of any source of `batch` whose input or target
// is not finite; if all are finite, all samples of the training data in `batch` on the ranks whose loss [] is not finite, or on
// all ranks if only `gradients`, those of Step::gradients(), are not finite. `loader` gave the batch. Every rank calls this
// function and receives the same result.
Divergence find_divergence(distributed::Group& group, const StepOutcome& outcome, const data::StepLoader& loader,
                           const data::StepBatch& batch, const at::Tensor& loss, const NamedTensors& gradients);

}  // namespace hpcai::trainer
