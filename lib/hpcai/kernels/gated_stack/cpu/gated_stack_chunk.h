#pragma once

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cstdint>

namespace hpcai::kernels::stack {

// The passes of the fused stack of gated layers. Each works on one chunk of the rows, and takes a struct of arguments that all
// chunks share, but for sums of their own. gated_stack.h says what is computed, ../../README.md explains the letters.
// All arrays are float32 without gaps, [rows, channels], unless said otherwise; a row is one time step of one sample.

// Values that are stored as float32 or bfloat16; const void where they are only read.
template <class Void>
struct Stored {
  Void* data = nullptr;
  bool is_half = false;

  explicit operator bool() const { return data != nullptr; }
  operator Stored<const void>() const { return {data, is_half}; }
};
using StoredValues = Stored<const void>;
using StoredResult = Stored<void>;

// Sizes of one layer. The first tap of its gated convolution looks at step t - left, the second at t + right, and both see
// zeros outside the sample.
struct Sizes {
  int64_t samples = 0, steps = 0, channels = 0, gates = 0;
  int64_t left = 0, right = 0;
  // The result depends on a and x from step first_in on, and on y, p and z from step first_out on. Earlier ones are not computed.
  int64_t first_in = 0, first_out = 0;
  bool in_tiles = false;  // products are those of tile_products.h
  // Rows that are worked on at once, so that the values between two products stay in the first cache levels. Tiles wait for what
  // has just been stored, so that narrow layers take more rows with them.
  int64_t block_rows() const { return in_tiles && gates <= 32 ? 128 : 64; }
  int64_t lag() const { return left + right; }
  int64_t rows() const { return samples * steps; }
};

// Steps [begin, end) of one sample; `row` is the array row of `begin`.
struct Chunk {
  int64_t begin, end, row;
  int64_t size() const { return end - begin; }
  // The first row of the chunk, counted from `begin`, whose y, p and z are computed.
  int64_t first_out(const Sizes& sizes) const { return std::max<int64_t>(0, sizes.first_out - begin); }
};

// A normalisation as y = scale v + shift, where scale = gamma inverse and shift = beta - mean scale; [channels] each.
struct Norm {
  const float *scale, *shift, *mean, *inverse;
};

// The means over all ranks' rows that the backward pass of a norm subtracts, [channels] each:
// dv = scale (dy - mean_grad - (v - mean) inverse mean_product). Zeros unless the statistics are those of the batch.
struct NormGradient {
  const float *mean_grad, *mean_product;
};

// Statistics of the rows seen so far, float64. A pass adds its rows.
struct ChannelMoments {
  double* count;               // 1
  double* mean;                // [channels]
  double* squared_deviations;  // [channels], sums
};

// Sums over rows, float64. A pass adds its rows.
struct GradientSums {
  double* grad;     // [channels], sum of dy; null: not wanted
  double* product;  // [channels], sum of dy (v - mean) inverse
};

// Where a layer's input comes from: the network's input, or x + z of the layer before.
struct Source {
  const float* input = nullptr;  // [rows, width]; else:
  int64_t width = 0;
  StoredValues marked_sums;  // [rows, channels], of a layer without norms; else:
  StoredValues a, p;         // [rows, channels]
  Norm a_norm{}, p_norm{};
};

// Computes a = pre(source) and its moments; adds the z of the layer before to the sum of skips.
struct PreForward {
  Sizes sizes;
  Source source;
  const float *weight, *bias;  // [width, channels], [channels]
  StoredResult a;
  float* skips;                   // null: not wanted
  bool first_skip;                // the first z: `skips` is written instead of added to
  const ChannelMoments* moments;  // null: not wanted
};
void pre_forward(const PreForward& args, const Chunk& chunk);

// Adds the z of the last layer to the sum of skips.
struct SkipForward {
  Sizes sizes;
  StoredValues p;
  Norm p_norm;
  float* skips;
  bool first_skip;
};
void skip_forward(const SkipForward& args, const Chunk& chunk);

// Adds the sums over steps of x, x x^T and x(t) x(t + lag)^T, where x = relu(norm(a)); float64.
struct TapSums {
  Sizes sizes;
  StoredValues a;
  Norm a_norm;
  double *sum, *square, *lagged;  // [channels], [channels, channels] twice
};
void tap_sums(const TapSums& args, const Chunk& chunk);

// Computes p = post(y), where y = tanh(f) sigmoid(g) and (f, g) = gated(x) with the norm folded into the weights. With a norm
// behind post, p and its moments are the result. Without one z = relu(p) is known at once: it is added to the sum of skips, and
// the result are the marked sums, x + z with a minus sign where z = 0. Neither x nor z is negative, so the sign is free to say
// which way the gradient of z goes, and p need not be kept.
struct GateForward {
  Sizes sizes;
  StoredValues a;
  Norm a_norm;
  const float *gated_weight, *gated_bias;  // [3 channels, 2 gates]: first tap, second tap, their sum; [2 gates]
  const float* post_weight;                // [gates, channels]
  // Of the forward pass only:
  const float* post_bias = nullptr;         // [channels]
  StoredResult p = {};                      // [rows, channels]; null: without a norm
  const ChannelMoments* moments = nullptr;  // of p; null: not wanted
  StoredResult marked_sums = {};            // [rows, channels], without a norm
  float* skips = nullptr;                   // the same
  bool first_skip = false;                  // `skips` is written instead of added to
};
void gate_forward(const GateForward& args, const Chunk& chunk);

// Sums for the gradient of the norm behind post, of the last layer; pre_gradient adds up those of the others. dz is d loss / d z:
// z enters the sum of skips and, unless the layer is the last, the next layer's input.
struct SkipGradient {
  Sizes sizes;
  StoredValues p;
  Norm p_norm;
  StoredValues marked_sums;   // instead of p and its norm
  const float *skips, *next;  // d loss / d skips, d loss / d (x + z); next is null for the last layer
  GradientSums sums;
};
void skip_gradient(const SkipGradient& args, const Chunk& chunk);

// From dz to the part of dx that comes through the gated convolution and past the layer, and to the weights' gradients. The part
// that belongs to steps outside the chunk goes to `halo` [lag, channels]: first `left` rows before the chunk, then `right` rows
// behind it.
struct GateGradient {
  GateForward forward;
  SkipGradient skip;
  NormGradient p_gradient;
  const float* gated_weight_rows;  // [2 gates, 3 channels]: first tap, second tap, their sum
  const float* post_weight_rows;   // [channels, gates]
  float *dx, *halo;                // dx may be the array of skip.next
  // Added to; [2 channels, 2 gates], [2 gates], [channels, gates], [channels].
  float *d_gated_weight, *d_gated_bias, *d_post_weight, *d_post_bias;
};
void gate_gradient(const GateGradient& args, const Chunk& chunk);

// The part of dx through the statistics of the gated norm: for each row u of both taps, du += statistics u + offset. A step is
// the first tap of one row and the second of another. Its dx gets [x(t - lag), x(t), x(t + lag)] weight + offset as both, and two
// of the three as one of them.
struct StatisticsGradient {
  const float *weight, *offset;  // [3 channels, channels] or [2 channels, channels], [channels]
};

// Completes dx by the halos of the neighbouring chunks and the part through the statistics of the gated norm; then sets it to 0
// where x = 0. In place.
struct InputGradient {
  Sizes sizes;
  StoredValues a;
  Norm a_norm;
  StatisticsGradient both_taps, first_tap, second_tap;  // null: statistics do not depend on x
  const float *halo_of_next, *halo_of_previous;         // null where the sample begins or ends
  float* dx;
  GradientSums sums;
};
void input_gradient(const InputGradient& args, const Chunk& chunk);

// From the completed dx through the norm and pre to the layer's source, and to the weights' gradients. As long as the source's
// gradient is in the caches, the sums for the norm behind post of the layer before are added up.
struct PreGradient {
  Sizes sizes;
  Source source;
  StoredValues a;
  Norm a_norm;
  NormGradient a_gradient;
  const float* weight_rows;  // [channels, width]
  const float* dx;
  float* d_source;           // [rows, width], null: not wanted; may be the array of dx
  float *d_weight, *d_bias;  // [width, channels], [channels], added to
  SkipGradient before;       // of the layer before, whose `next` is d_source; no sums: not wanted
};
void pre_gradient(const PreGradient& args, const Chunk& chunk);

}  // namespace hpcai::kernels::stack
