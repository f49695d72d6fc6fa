#pragma once

#include "hpcai/data/dataset.h"
#include "hpcai/models/model.h"

namespace hpcai::trainer {

// Shows the model what it wants to know before the first step: inputs (Model::examples_wanted()) and targets of samples that are
// spread over the training data, as their first epoch with this seed has them, the ranges of the targets and the number of
// samples. The scales of inputs and targets (models/standardise.h), if the model has them, become those of up to 8192 samples.
// `threads` (0: all cores) read the samples.
void fit_model(models::Model& model, const data::Dataset& train, uint64_t seed, int threads);

}  // namespace hpcai::trainer
