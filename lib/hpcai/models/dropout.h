#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "hpcai/kernels/dropout/dropout_mask.h"

namespace hpcai::models {

// What the random numbers of one pass are a function of, together with the layer.
struct Randomness {
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t first_sample = 0;  // index of the pass's first sample within the global batch
};

// Sets each value of input [batch, ...] to 0 with probability `rate` and scales the others by 1 / (1 - rate). On a CPU the mask
// is a function of (seed, step, index within the global batch, layer), so that a restart, the number of ranks and accumulation do
// not change it. On a GPU LibTorch's generator, which seed_dropout() seeds, draws the masks of a pass in turn. `layer` is the
// number of this dropout within the network.
at::Tensor dropout(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer = 0);

// Called before each training pass. On a GPU it seeds LibTorch's generator from `randomness`, so that a restart draws the same
// masks. Call it outside of a captured graph: a graph reads the generator's seed at each replay. On a CPU it does nothing.
void seed_dropout(at::Device device, const Randomness& randomness);

// The key of the mask of one sample on a CPU. `sample`: its index within the pass.
kernels::DropoutKey dropout_key(const Randomness& randomness, uint64_t layer, int64_t sample);

}  // namespace hpcai::models
