#pragma once

#include <cstdint>

namespace hpcai::tasks {

// How quality is measured, of the section `evaluation`.
struct EvaluationOptions {
  bool symmetric_views = false;  // average class probabilities over the eight flips and quarter turns of an image
  int64_t overlap_samples = 0;   // waveforms of a split whose overlap is computed, spread evenly over it
};

}  // namespace hpcai::tasks
