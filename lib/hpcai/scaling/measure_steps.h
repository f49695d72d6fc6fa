#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "hpcai/scaling/step_model.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::scaling {

struct MeasuredSteps {
  Workload workload;
  std::vector<double> batches;  // samples of one pass that were timed, rising
  int64_t steps = 0;            // timed steps of each
};

// Times real training steps and the loader of an experiment on this rank alone for about `seconds`, split into forward, backward
// and update, for each of `batches` (empty: the experiment's batch, or as much of it as the time allows, and an eighth). The
// passes alternate between the sizes, so that a disturbance meets all alike, and medians count. Gradients lie in the buckets in
// which they would travel; a synchronised batch norm computes as it does among ranks, its exchanges are counted. With stages, the
// last one is timed. Changes nothing outside. Throws what trainer::build throws.
MeasuredSteps measure_steps(const trainer::Experiment& experiment, at::Device device, double seconds, std::vector<int64_t> batches = {});

}  // namespace hpcai::scaling
