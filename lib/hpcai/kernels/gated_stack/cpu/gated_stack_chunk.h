#pragma once

#include <cstdint>
#include <vector>

namespace hpcai::kernels::stack {

// The passes of the fused stack of gated layers over a piece of the data; gated_stack.cpp strings them together and says
// what they compute. All arrays are float32, rows are time steps, [rows, channels] without gaps.

struct Sizes {
  int64_t samples = 0, steps = 0, channels = 0, gates = 0;
  int64_t left = 0, right = 0;  // zeros in front of and behind a sample: the first tap looks at t - left, the second at t + right
  int64_t lag() const { return left + right; }
  int64_t rows() const { return samples * steps; }
};

// Steps [begin, end) of one sample; `row` is the array row of `begin`.
struct Chunk {
  int64_t begin, end, row;
  int64_t size() const { return end - begin; }
};

// A normalisation as y = scale v + shift, where scale = gamma inverse and shift = beta - mean scale; [channels] each.
struct Norm {
  const float *scale, *shift, *mean, *inverse;
};

// What its backward pass subtracts: dv = scale (dy - mean_grad - (v - mean) inverse mean_product).
struct NormGradient {
  const float *mean_grad, *mean_product;
};

// Sums over rows, float64. A pass adds to what is there.
struct Moments {
  double* count;    // 1
  double* mean;     // [channels]
  double* squares;  // [channels], about the mean
};
struct GradientSums {
  double* grad;     // [channels], sum of dy
  double* product;  // [channels], sum of dy (v - mean) inverse
};

// Where a layer's input comes from: the network's input, or x + z of the layer before.
struct Source {
  const float* input = nullptr;  // [rows, width]; else:
  int64_t width = 0;
  const float *a = nullptr, *p = nullptr;  // [rows, channels]
  Norm a_norm{}, p_norm{};
};

// a = pre(source), its moments; adds the z of the layer before to the sum of skips.
struct PreForward {
  Sizes sizes;
  Source source;
  const float *weight, *bias;  // [width, channels], [channels]
  float* a;
  float* skips;            // null when the source is the network's input
  bool first_skip;         // nothing to add to yet
  const Moments* moments;  // null when none are wanted
};
void pre_forward(const PreForward& pass, const Chunk& chunk);

// Adds the z of the last layer to the sum of skips.
struct SkipForward {
  Sizes sizes;
  const float* p;
  Norm p_norm;
  float* skips;
  bool first_skip;
};
void skip_forward(const SkipForward& pass, const Chunk& chunk);

// Sums over steps of x, x x^T and x(t) x(t + lag)^T, x = relu(norm(a)); float64, added to.
struct TapSums {
  Sizes sizes;
  const float* a;
  Norm a_norm;
  double *sum, *square, *lagged;  // [channels], [channels, channels] twice
};
void tap_sums(const TapSums& pass, const Chunk& chunk);

// p = post(tanh(f) sigmoid(g)), (f, g) = gated(x), the gated norm folded into its weights.
struct GateForward {
  Sizes sizes;
  const float* a;
  Norm a_norm;
  const float *gated_weight, *gated_bias;  // [2 channels, 2 gates], [2 gates]
  const float *post_weight, *post_bias;    // [gates, channels], [channels]
  float* p;
  const Moments* moments;
};
void gate_forward(const GateForward& pass, const Chunk& chunk);

// Gradient of z where it enters the sum of skips and, unless it is the last layer, the next layer's input.
struct SkipGradient {
  Sizes sizes;
  const float* p;
  Norm p_norm;
  const float *skips, *next;  // d loss / d skips, d loss / d (x + z); next may be null
  GradientSums sums;
};
void skip_gradient(const SkipGradient& pass, const Chunk& chunk);

// From dz to the part of dx that comes through the gated convolution, and the weights' gradients. Steps outside the chunk
// get theirs in `halo` [lag, channels]: first `left` rows before the chunk, then `right` rows behind it.
struct GateGradient {
  GateForward forward;
  SkipGradient skip;
  NormGradient p_gradient;
  const float* gated_weight_rows;  // [2 gates, 2 channels]
  const float* post_weight_rows;   // [channels, gates]
  float *dx, *halo;
  float *d_gated_weight, *d_gated_bias, *d_post_weight, *d_post_bias;  // shapes as the forward's, added to
};
void gate_gradient(const GateGradient& pass, const Chunk& chunk);

// Completes dx with the neighbours' halos, the residual and the statistics of the gated norm (du += statistics u +
// offset, u = both taps), then masks it by x > 0. In place.
struct InputGradient {
  Sizes sizes;
  const float* a;
  Norm a_norm;
  const float* next;                             // d loss / d (x + z), may be null
  const float *statistics, *offset;              // [2 channels, 2 channels], [2 channels]; null when they do not depend on x
  const float *halo_of_next, *halo_of_previous;  // chunks of the same sample, may be null
  float* dx;
  GradientSums sums;
};
void input_gradient(const InputGradient& pass, const Chunk& chunk);

// From masked dx through pre to the layer's source.
struct PreGradient {
  Sizes sizes;
  Source source;
  const float* a;
  Norm a_norm;
  NormGradient a_gradient;
  const float* weight_rows;  // [channels, width]
  const float* dx;
  float* d_source;           // [rows, width], null when nobody wants it
  float *d_weight, *d_bias;  // [width, channels], [channels], added to
};
void pre_gradient(const PreGradient& pass, const Chunk& chunk);

}  // namespace hpcai::kernels::stack
