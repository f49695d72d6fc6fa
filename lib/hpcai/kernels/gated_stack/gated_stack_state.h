#pragma once

#include <memory>
#include <vector>

#include "hpcai/kernels/gated_stack/gated_stack.h"
#include "hpcai/kernels/gated_stack/gated_stack_plan.h"

namespace hpcai::kernels::stack {

// What the backward pass of one layer needs. Matrices for the passes are float32, for the algebra float64.
struct LayerState {
  Sizes sizes;
  at::Tensor a, p;              // [rows, C]
  at::Tensor a_norm, p_norm;    // packed
  at::Tensor a_count, p_count;  // values a channel on all ranks, for NormSource::batch
  InputMoments moments;         // of both taps of x
  FoldedLinear folded;
  at::Tensor gated_columns, gated_rows;  // folded weight as [2 C, 2 G] and [2 G, 2 C]
  at::Tensor gated_bias;
  at::Tensor post_columns, post_rows;  // [G, C], [C, G]
};

struct StackState {
  at::Tensor input;  // [rows, in]
  std::vector<GatedLayerTensors> tensors;
  GatedStackOptions options;
  std::vector<LayerState> layers;
};

// Fills `state.layers`, keeping a and p of each only if `keep`. Returns the sum of skips [rows, C].
at::Tensor run_forward(StackState& state, int64_t samples, bool keep);

// Gradients of one layer, shapes as GatedLayerTensors.
struct LayerGradient {
  at::Tensor pre_weight, pre_bias, pre_gamma, pre_beta, gated_weight, gated_bias, gated_gamma, gated_beta, post_weight, post_bias,
      post_gamma, post_beta;
};

// Consumes `state.layers`. grad [rows, C].
std::vector<LayerGradient> run_backward(StackState& state, const at::Tensor& grad);

// Source of layer i's input.
Source source_of(const StackState& state, size_t layer);

}  // namespace hpcai::kernels::stack
