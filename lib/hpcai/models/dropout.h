#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "hpcai/kernels/dropout/dropout_mask.h"

namespace hpcai::models {

// What the random numbers of one pass depend on, besides the place in the network.
struct Randomness {
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t first_sample = 0;  // place of the pass's first sample in the global batch
};

// Sets each value to 0 with probability `rate` and scales the others by 1 / (1 - rate). On a CPU the mask is a function of
// (seed, step, place in the global batch, layer), so that a restart, the number of ranks and accumulation do not change
// it. On a GPU LibTorch's generator draws the masks of a pass one after the other, and seed_dropout() has set its seed.
// input [batch, ...]; `layer` tells dropouts of one network apart.
at::Tensor dropout(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer = 0);

// Before each training pass: on a GPU seeds LibTorch's generator from `randomness`, so that a restart draws the same masks. A
// GPU may capture the pass, but not this: a captured generator takes its seed anew each time. Does nothing on a CPU.
void seed_dropout(at::Device device, const Randomness& randomness);

// The key of one sample's mask on a CPU; `sample` counts within the pass.
kernels::DropoutKey dropout_key(const Randomness& randomness, uint64_t layer, int64_t sample);

}  // namespace hpcai::models
