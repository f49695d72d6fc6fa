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
  double seconds = 0;      // of the thread that took longest
  double cpu_seconds = 0;  // processor time of the threads, in which they neither waited for a disk nor for other programs
  StageTimes stages;       // summed over the threads

  double samples_per_second() const { return seconds > 0 ? static_cast<double>(samples) / seconds : 0; }
  // Of a stage if all threads did nothing else; 0 for a stage that no sample goes through.
  double samples_per_second(Stage stage) const;
  double mb_per_second(Stage stage) const;  // of what the stage makes
  double cpu_seconds_per_sample() const { return samples > 0 ? cpu_seconds / static_cast<double>(samples) : 0; }
  int64_t bytes_read_per_sample() const;  // 0 if nothing is read from files
};

// Reads the first `batches` batches of the sampler's epoch 0 as the loader does, augmented by its seed, into memory that is used
// again. It reads them once, and again and again until `seconds` have passed. Each thread makes whole batches. Throws what the
// data set throws.
InputSpeed measure_input(const Dataset& dataset, const Sampler& sampler, int64_t batches, int threads, double seconds);

// The batches of an epoch that take about this many seconds on one thread, at least one: reads a batch to find out.
int64_t batches_in(const Dataset& dataset, const Sampler& sampler, double seconds);

// How fast memcpy copies what a reader finds in the system's memory: pieces of `source_bytes`, each thread into a buffer of one
// piece that it uses again. A set that is larger than the processor's own caches lies in none of them; a smaller one stays there.
// MB in a second of processor time, of all threads together; the median of several tries.
double memcpy_mb_per_second(int64_t piece_bytes, int64_t source_bytes, int threads);

}  // namespace hpcai::data
