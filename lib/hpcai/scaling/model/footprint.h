#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/scaling/model/step_model.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

// The memory and disk space, in bytes, that the network of an experiment needs on one rank, and its arithmetic and communication.
struct Footprint {
  double weights = 0;                 // parameters and running statistics
  double gradients = 0;               // with the error memory of compression
  double optimizer = 0;               // state of the optimizer
  double average = 0;                 // the running average of the weights
  double snapshots = 0;               // of training.on_divergence roll_back
  double activations = 0;             // kept for the backward pass, independent of the batch
  double activations_per_sample = 0;  // kept for the backward pass, for each sample of a pass
  double input_per_sample = 0;
  double checkpoint = 0;       // one checkpoint on disk
  double macs_per_sample = 0;  // multiply-adds of the forward pass
  std::vector<Bucket>
      buckets;  // exchanges of the gradients, compressed or not, in the order of sending; `ready` is assumed to rise evenly
  double blocking_exchanges = 1, blocking_bytes = 24;  // of one step; see Workload

  // Bytes of device memory of one rank whose passes have `samples` samples.
  double memory(double samples) const {
    return weights + gradients + optimizer + average + snapshots + activations +
           (activations_per_sample + input_per_sample) * samples;
  }
};

// Builds the network and its optimizer on the CPU and runs forward passes of 2 and 4 random samples. The activations are the
// growth of the heap (glibc's mallinfo2) while the autograd graph exists. The workspaces of single operations are not included,
// and GPU kernels keep slightly different tensors. Multiply-adds are counted in LibTorch's convolutions and matrix products.
// Throws what trainer::build_model throws.
Footprint measure_footprint(const trainer::Experiment& experiment, const data::SampleSpec& spec);

}  // namespace hpcai::scaling
