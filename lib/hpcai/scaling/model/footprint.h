#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/scaling/model/step_model.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

// What an experiment's network needs on one rank, in bytes, and what one sample costs.
struct Footprint {
  double weights = 0;  // parameters and running statistics
  double gradients = 0;
  double optimizer = 0;               // its state
  double average = 0;                 // the running average of the weights
  double activations = 0;             // kept for the backward pass whatever the batch
  double activations_per_sample = 0;  // and for each sample of a pass
  double input_per_sample = 0;
  double checkpoint = 0;        // one checkpoint on disk
  double macs_per_sample = 0;   // multiply-adds of a forward pass
  std::vector<Bucket> buckets;  // as the gradients will travel; `ready` is unknown here and taken to be even
  double blocking_exchanges = 1, blocking_bytes = 24;  // of a step; see Workload

  double memory(double samples) const {
    return weights + gradients + optimizer + average + activations + (activations_per_sample + input_per_sample) * samples;
  }
};

// Builds the network and its optimizer on the CPU and runs forward passes of 2 and 4 random samples: the growth of the heap while
// the graph lives is what the backward pass will need (glibc's mallinfo2; the workspaces of single operations come on top, and a
// GPU's kernels keep slightly other things). Multiply-adds are counted in LibTorch's convolutions and matrix products.
Footprint measure_footprint(const trainer::Experiment& experiment, const data::SampleSpec& spec);

}  // namespace hpcai::scaling
