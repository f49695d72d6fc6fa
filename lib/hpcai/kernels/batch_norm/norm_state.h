#pragma once

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>
#include <torch/autograd.h>

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/batch_norm/batch_norm.h"
#include "hpcai/kernels/batch_norm/cpu/batch_norm_block.h"

// A norm of values [rows, channels] on a CPU, stored as float32 or bfloat16, for the operators that compute it together with
// something else.
namespace hpcai::kernels {

// The rows of an input [batch, channels, ...], channels side by side, cut into blocks that stay in the first two cache levels
// between two passes. The cut depends on the sizes only, so sums over blocks do not depend on the number of threads.
struct NormBlocks {
  norm::Shape shape;
  int64_t rows, block_rows, count;

  explicit NormBlocks(const at::Tensor& input);
};

// Calls work(block number, index of its first value, number of its rows) for each block.
template <class Work>
void for_blocks(const NormBlocks& blocks, const Work& work) {
  for_pieces(blocks.count, [&](int64_t i) {
    work(i, i * blocks.block_rows * blocks.shape.channels, std::min(blocks.block_rows, blocks.rows - i * blocks.block_rows));
  });
}

// What a forward pass leaves for its backward pass.
struct NormState : torch::CustomClassHolder {
  BatchNormOptions options;
  AffineNorm norm;
  std::vector<float> scale, shift, mean;  // float32 [width of the blocks' shape], one value a channel, repeated
  double count = 0;                       // values a channel on all ranks, for NormSource::batch

  norm::ScaleShift scale_shift() const { return {.scale = scale.data(), .shift = shift.data()}; }
};

// Keeps what a forward pass leaves, and gives it to the backward pass.
void keep_norm(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<NormState>& state);
c10::intrusive_ptr<NormState> kept_norm(torch::autograd::AutogradContext* context);

// The norm of an input; takes its statistics and moves the running ones where options.norm is batch. Throws as batch_norm does.
c10::intrusive_ptr<NormState> norm_of(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options);

// The sums of a backward pass over a rank's rows [2 channels]: dy, and dy (v - mean) inverse, the gradients of beta and gamma.
using NormSums = std::vector<double>;
// Adds up pieces, [pieces][2 channels]: sums of dy, and of dy (v - mean).
NormSums add_up(const NormState& state, const std::vector<double>& pieces);

// dv = scale dy + slope v + offset, which follows from the sums over all ranks; slope and offset are 0 unless the statistics are
// those of the batch. All ranks must call it.
struct NormGradient {
  std::vector<float> slope, offset;  // [width]

  norm::InputGradient pointers() const { return {.slope = slope.data(), .offset = offset.data()}; }
};
NormGradient norm_gradient(const NormState& state, NormSums sums, const norm::Shape& shape);

// Writes dv to `out`, which may be dy; both are stored as the input is. Where options.relu is true and dy is not `behind_relu`,
// dy counts as 0 where y <= 0.
void norm_input_gradient(const NormState& state, const NormGradient& gradient, const at::Tensor& dy, const at::Tensor& input,
                         bool behind_relu, at::Tensor& out);

// Gradients of gamma and beta, with their shape and type, from a rank's sums.
at::Tensor gamma_gradient(const NormSums& sums, const at::Tensor& gamma);
at::Tensor beta_gradient(const NormSums& sums, const at::Tensor& gamma);

}  // namespace hpcai::kernels
