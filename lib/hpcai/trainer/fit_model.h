#pragma once

#include "hpcai/data/dataset.h"
#include "hpcai/models/model.h"

namespace hpcai::trainer {

// Shows the model the samples that it wants to see before the first step (Model::examples_wanted()), as the first epoch of the
// training data with this seed has them, and the ranges of the targets. `threads` (0: all cores) read the samples.
void fit_model(models::Model& model, const data::Dataset& train, uint64_t seed, int threads);

}  // namespace hpcai::trainer
