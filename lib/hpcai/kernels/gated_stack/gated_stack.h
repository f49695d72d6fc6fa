#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels {

// Parameters of one gated layer; float32 on the CPU.
struct GatedLayerTensors {
  at::Tensor pre_weight, pre_bias;  // [C, in, 1], [C]
  NormTensors pre_norm;
  at::Tensor gated_weight, gated_bias;  // [2 G, C, 2], [2 G]: filter, then gate
  NormTensors gated_norm;
  at::Tensor post_weight, post_bias;  // [C, G, 1], [C]
  NormTensors post_norm;
  int64_t dilation = 1;
};

struct GatedStackOptions {
  NormSource norm = NormSource::batch;
  double eps = 0, momentum = 0;
  Sum sum;  // over ranks, for statistics of the whole batch; empty: of this rank's
};

// A whole stack of WaveNet's gated layers as one differentiable function, [batch, time, in] -> [batch, time, C]:
//   x = relu(norm(pre(input))), (f, g) = norm(gated(x)), z = relu(norm(post(tanh(f) sigmoid(g)))), next input = x + z,
// result = sum of all z. `gated` has width 2 and the layer's dilation d, floor(d / 2) zeros on the left.
//
// Only the outputs of `pre` and `post` are stored, 2 C values a layer and time step; everything else is computed again in
// the backward pass, in pieces that stay in the caches. The batch statistics of the wide gated convolution come from the
// moments of its input (folded_norm.h). The result does not depend on the number of threads.
// Gradients flow to the parameters; the input must not need one.
at::Tensor gated_stack(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers, const GatedStackOptions& options);

// Whether gated_stack can do it: float32 on the CPU, C and G multiples of 16, one input channel or C, no gradient wanted
// for the input.
bool gated_stack_supports(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers);

}  // namespace hpcai::kernels
