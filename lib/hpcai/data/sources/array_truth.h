#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "hpcai/data/arrays/sequences.h"
#include "hpcai/data/arrays/stored_array.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/sources/arrays.h"

namespace hpcai::data {

// The samples of a file whose truth is read.
struct TruthRequest {
  const ArrayFile& file;
  const ArraysConfig& config;
  const StoredArray& first;                                  // its rows count the samples
  std::shared_ptr<const SequenceLengths> lengths = nullptr;  // of a truth for each step
  int64_t steps = 0;                                         // to which such a truth is padded
  bool of_training = false;                                  // fills in what the truth is called
  bool optional = false;                                     // it may be absent, and is then unknown
};

// The truth of all samples, as Dataset::targets() has it. `spec`: what is expected of it; of a training its class_names, or
// target_names and, of labels that are 0 or 1, target_ranges are filled in. Throws Error{bad_data} with array and row.
at::Tensor read_truths(const TruthRequest& request, SampleSpec& spec);

}  // namespace hpcai::data
