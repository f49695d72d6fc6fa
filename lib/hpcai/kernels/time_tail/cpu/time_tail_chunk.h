#pragma once

#include <cstdint>

#include "hpcai/kernels/dropout/dropout_key.h"
#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

namespace hpcai::kernels::stack {

// The passes of time_tail over one chunk of the rows, with arguments as in gated_stack_chunk.h.

// out = thin(dropout(relu(wide(relu(skips))))), the norm folded into wide.
struct TailForward {
  Sizes sizes;                           // `channels` of skips
  int64_t width;                         // W
  const float* skips;                    // [rows, channels]
  const float *wide_weight, *wide_bias;  // folded, [channels, W], [W]
  const float* thin_weight;              // [W]
  float thin_bias;
  int32_t threshold;       // of dropout_key.h; 0: no dropout
  float kept;              // factor on what is not dropped
  const DropoutKey* keys;  // one a sample; not read without dropout
  float* out;              // [rows]; null in a backward pass
};
void tail_forward(const TailForward& args, const Chunk& chunk);

// Writes the part of d loss / d relu(skips) that does not come through the statistics; adds to the weights' gradients.
struct TailGradient {
  TailForward forward;
  const float* d_out;                                  // [rows]
  const float* wide_weight_rows;                       // [W, channels]
  float* d_skips;                                      // [rows, channels]
  float *d_wide_weight, *d_wide_bias, *d_thin_weight;  // [channels, W], [W], [W]; added to
};
void tail_gradient(const TailGradient& args, const Chunk& chunk);

// Completes d_skips in place: adds statistics relu(skips) + offset, then sets it to 0 where skips <= 0.
struct TailInputGradient {
  Sizes sizes;
  const float* skips;
  const float *statistics, *offset;  // [channels, channels], [channels]; null: statistics do not depend on skips
  float* d_skips;
};
void tail_input_gradient(const TailInputGradient& args, const Chunk& chunk);

}  // namespace hpcai::kernels::stack
