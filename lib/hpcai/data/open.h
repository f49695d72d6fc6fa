#pragma once

#include <optional>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"

namespace hpcai::data {

// Opens or makes the data and checks every contract that can be checked without reading all of it: files, data sets,
// shapes, types, labels, catalogues, equal specs of the splits. `threads` (0 = all cores) share the work. Simulated data
// that fit into memory are made now if `fill_caches`, else when they are first read. Throws Error{missing_input} for what
// is not there, Error{bad_data} for what breaks its contract, Error{usage} for settings that contradict each other.
Splits open(const DataConfig& config, int threads, bool fill_caches = true);

// What the samples will look like, as far as the config alone says it: for `info`, which must not need the data.
// Empty when it depends on the files (see `length`, `image_size`, `classes` in the config).
std::optional<SampleSpec> spec_of(const DataConfig& config);

}  // namespace hpcai::data
