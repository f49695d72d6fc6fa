#pragma once

#include <cstdint>

namespace hpcai::tasks {

// How an evaluation measures the quality; from the section `evaluation`.
struct EvaluationOptions {
  bool symmetric_views = false;  // average class probabilities over the eight flips and quarter turns of an image
  int64_t overlap_samples = 0;  // number of waveforms of a split whose overlap is computed; they are spread evenly over the split
  int64_t warning_steps = 0;    // how long before an event an alarm must come; see metrics/early_warning.h
  int64_t posterior_samples = 0;  // draws from the density of each sample, for its calibration
};

}  // namespace hpcai::tasks
