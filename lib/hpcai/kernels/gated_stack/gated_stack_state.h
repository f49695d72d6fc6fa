#pragma once

#include <ATen/core/ivalue.h>

#include <vector>

#include "hpcai/kernels/gated_stack/gated_stack.h"
#include "hpcai/kernels/gated_stack/pass_arguments.h"
#include "hpcai/kernels/gated_stack/row_partition.h"

namespace hpcai::kernels::stack {

// What the backward pass of one layer needs. Letters as in ../README.md. Tensors are float32, those of `moments` and `folded`
// float64; a, p and the marked sums may be bfloat16.
struct LayerState {
  Sizes sizes;
  at::Tensor a, p;              // [rows, C]; without norms `a` is StackState::shared_a, and there is no p
  at::Tensor marked_sums;       // [rows, C], without norms
  at::Tensor a_norm, p_norm;    // packed, [4, C]
  at::Tensor a_count, p_count;  // scalar, values a channel on all ranks; for NormSource::batch
  InputMoments moments;         // of both taps of x, K = 2 C
  FoldedLinear folded;
  at::Tensor gated_columns, gated_rows;  // folded weight as [3 C, 2 G] and [2 G, 3 C]: first tap, second tap, their sum
  at::Tensor gated_bias;                 // [2 G]
  at::Tensor post_columns, post_rows;    // [G, C], [C, G]
};

// What a forward pass leaves for its backward pass.
struct StackState : torch::CustomClassHolder {
  at::Tensor input;  // [samples, steps, in]
  std::vector<GatedLayerTensors> tensors;
  GatedStackOptions options;
  std::vector<LayerState> layers;
  // Without norms: the `a` of the layer that is worked on, which the backward pass computes again. One array for all layers, so
  // that no holes are left between what they keep.
  at::Tensor shared_a;
};

// Runs all layers on state.input and fills state.layers. Keeps the arrays of every layer only if `keep`. Returns the sum of
// skips, [samples, wanted steps, C].
at::Tensor run_forward(StackState& state, bool keep);

// Gradients of one layer, shapes as GatedLayerTensors.
struct LayerGradient {
  at::Tensor pre_weight, pre_bias, pre_gamma, pre_beta, gated_weight, gated_bias, gated_gamma, gated_beta, post_weight, post_bias,
      post_gamma, post_beta;
};

// From grad [samples, wanted steps, C] = d loss / d skips to the gradients of all layers, in their order. Frees state.layers on
// the way, so it can run only once.
std::vector<LayerGradient> run_backward(StackState& state, const at::Tensor& grad);

// Computes a = pre(source) of a layer, and its moments over the tasks' rows `partial` unless that is undefined. Adds the z of the
// layer before to `skips` unless that is undefined.
void run_pre(StackState& state, size_t layer, const RowPartition& partition, const at::Tensor& partial, const at::Tensor& skips);

// Steps at the beginning of a sample whose skips nobody wants.
int64_t skipped_steps(const StackState& state);

// Where the input of this layer comes from. The pointers are those of `state` and live as long.
Source source_of(const StackState& state, size_t layer);

}  // namespace hpcai::kernels::stack
