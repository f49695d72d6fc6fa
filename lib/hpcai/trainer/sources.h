#pragma once

#include <memory>

#include "hpcai/data/dataset.h"

// Opens the data of the section `sources`. All functions throw what data::open_split() throws, with the entry in front.
namespace hpcai::trainer {

struct Experiment;

// data::open() of the section `data`, whose training split is followed by the samples of every source with role training.
data::Splits open_training_data(const Experiment& experiment, int threads, bool fill_caches = true);

// All samples of the sources with role unlabelled, one source after the other; there must be one. Their labels are not needed,
// and are kept where they are known. `spec`: of the training samples.
std::unique_ptr<data::Dataset> open_unlabelled_samples(const Experiment& experiment, const data::SampleSpec& spec, int threads);

// The same as a loss sees them: without labels, in two views.
std::unique_ptr<data::Dataset> open_unlabelled(const Experiment& experiment, const data::SampleSpec& spec, int threads);

}  // namespace hpcai::trainer
