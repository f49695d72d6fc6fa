#pragma once

#include <cstdint>

#include "hpcai/data/dataset.h"
#include "hpcai/data/sampler.h"
#include "hpcai/data/stage_clock.h"

// How fast samples become input, without a network: for `bench --input`.
namespace hpcai::data {

struct InputSpeed {
  int64_t samples = 0;
  int threads = 1;
  double seconds = 0;  // of the whole measurement
  StageTimes stages;   // summed over the threads

  double samples_per_second() const { return seconds > 0 ? static_cast<double>(samples) / seconds : 0; }
  // Of a stage if all threads did nothing else; 0 for a stage that no sample goes through.
  double samples_per_second(Stage stage) const;
  double mb_per_second(Stage stage) const;  // of what the stage makes
};

// Reads the first `batches` batches of the sampler's epoch 0 as the loader does, augmented by its seed, into memory that is used
// again. It reads them once, and again and again until `seconds` have passed. Each thread makes whole batches. Throws what the
// data set throws.
InputSpeed measure_input(const Dataset& dataset, const Sampler& sampler, int64_t batches, int threads, double seconds);

// The batches of an epoch that take about this many seconds on one thread, at least one: reads a batch to find out.
int64_t batches_in(const Dataset& dataset, const Sampler& sampler, double seconds);

// Bytes that memcpy copies in a second, from one buffer of this size to another: MB/s of all threads together. Each thread has
// buffers of its own; the median of several tries.
double memcpy_mb_per_second(int64_t bytes, int threads);

}  // namespace hpcai::data
