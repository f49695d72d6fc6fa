#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels {

// Parameters of one gated layer with C channels and G gates; float32 on the CPU for gated_stack.
struct GatedLayerTensors {
  at::Tensor pre_weight, pre_bias;      // [C, in, 1], [C]
  NormTensors pre_norm = {};            // of C channels
  at::Tensor gated_weight, gated_bias;  // [2 G, C, 2], [2 G]: filter, then gate
  NormTensors gated_norm = {};          // of 2 G channels
  at::Tensor post_weight, post_bias;    // [C, G, 1], [C]
  NormTensors post_norm = {};           // of C channels
  int64_t dilation = 1;
};

struct GatedStackOptions {
  NormSource norm = NormSource::batch;  // of all norms of the stack
  double eps = 0, momentum = 0;         // momentum: the weight of the new batch in the running statistics
  Sum sum = {};                         // for statistics of all ranks; empty: of this rank's samples
  int64_t last_steps = 0;               // the result has these last steps of the input; 0: all
  // Of gated_stack only:
  bool stores_bfloat16 = false;  // what is stored of a layer is rounded to bfloat16
  bool in_tiles = false;         // products round to bfloat16 (tile_products.h)
};

// A whole stack of WaveNet's gated layers (van den Oord et al. 2016) as one differentiable function, input [batch, time, in] ->
// [batch, wanted steps, C]:
//   x = relu(norm(pre(input))), (f, g) = norm(gated(x)), z = relu(norm(post(tanh(f) sigmoid(g)))), next input = x + z,
// result = sum of all z. `gated` has width 2 and the layer's dilation d, floor(d / 2) zeros on the left. With options.last_steps
// the layers compute only the steps on which the result depends, but for NormSource::batch, whose statistics are those of all.
//
// Only the outputs of `pre` and `post` are stored, 2 C values a layer and time step; without norms only x + z, C values.
// Everything else is computed again in the backward pass, in pieces that stay in the caches. The batch statistics of the wide
// gated convolution come from the moments of its input (folded_norm.h). The result does not depend on the number of threads.
// Gradients flow to the parameters; the input must not need one. NormSource::batch moves the running statistics. The arguments
// must be such that gated_stack_supports them. The backward pass can run only once.
at::Tensor gated_stack(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers, const GatedStackOptions& options);

// The same, made of LibTorch's operators, in any floating type and on any device, with any C and G, differentiable in the input,
// too: what the fused operator is tested against. With options.sum the backward pass calls it, too.
at::Tensor gated_stack_reference(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers,
                                 const GatedStackOptions& options);

// Whether gated_stack takes these arguments: input [batch, time, in] float32 on the CPU that wants no gradient, C and G
// multiples of 16, at least one layer.
bool gated_stack_supports(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers);

}  // namespace hpcai::kernels
