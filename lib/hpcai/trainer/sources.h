#pragma once

#include <memory>

#include "hpcai/data/dataset.h"

// Opens the data of the section `sources`. All functions throw what data::open_split() throws, with the entry in front.
namespace hpcai::trainer {

struct Experiment;

// Appends the samples of every source with role training to the training split.
void add_training_samples(const Experiment& experiment, data::Splits& data, int threads);

// All samples of the sources with role unlabelled, one source after the other. Their labels are not needed, and are kept where
// they are known. `spec`: of the training samples. Throws Error{usage} if they are fewer than a global batch.
std::unique_ptr<data::Dataset> open_unlabelled_samples(const Experiment& experiment, const data::SampleSpec& spec, int threads);

// The same as a loss sees them: without labels, in two views.
std::unique_ptr<data::Dataset> open_unlabelled(const Experiment& experiment, const data::SampleSpec& spec, int threads);

}  // namespace hpcai::trainer
