#pragma once

#include <cstdint>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"
#include "hpcai/kernels/dropout/dropout_mask.h"

namespace hpcai::kernels::stack {

// The passes of time_tail over a piece of the data; as in gated_stack_chunk.h.
struct TailForward {
  Sizes sizes;                           // `channels` of skips
  int64_t width;                         // W
  const float* skips;                    // [rows, channels]
  const float *wide_weight, *wide_bias;  // folded, [channels, W], [W]
  const float* thin_weight;              // [W]
  float thin_bias;
  int32_t threshold;       // of dropout; 0: none
  float kept;              // factor on what is not dropped
  const DropoutKey* keys;  // one a sample
  float* out;              // [rows]
};
void tail_forward(const TailForward& pass, const Chunk& chunk);

// Writes the part of d loss / d relu(skips) that does not come from the statistics.
struct TailGradient {
  TailForward forward;
  const float* d_out;                                  // [rows]
  const float* wide_weight_rows;                       // [W, channels]
  float* d_skips;                                      // [rows, channels]
  float *d_wide_weight, *d_wide_bias, *d_thin_weight;  // [channels, W], [W], [W]; added to
};
void tail_gradient(const TailGradient& pass, const Chunk& chunk);

// Adds statistics relu(skips) + offset (null: nothing) and masks by skips > 0, in place.
struct TailInputGradient {
  Sizes sizes;
  const float* skips;
  const float *statistics, *offset;  // [channels, channels], [channels]
  float* d_skips;
};
void tail_input_gradient(const TailInputGradient& pass, const Chunk& chunk);

}  // namespace hpcai::kernels::stack
