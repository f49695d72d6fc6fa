#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// The least width and height of a bin as a share of the interval, and the least slope at a knot.
inline constexpr double kSplineLeast = 1e-3;
// The most bins of a spline: the least sizes must leave room.
inline constexpr int64_t kSplineMostBins = 128;

struct SplineOutput {
  at::Tensor value;      // [rows, dimensions]
  at::Tensor log_slope;  // logarithm of the derivative of value with respect to x, [rows, dimensions]
};

// A monotone rational-quadratic spline for each element of x (Gregory, Delbourgo 1982; Durkan et al. 2019, "Neural spline flows",
// equations 4 to 8). It maps [-bound, bound] onto itself and is the identity outside. x is [rows, dimensions]; parameters
// [rows, dimensions, 3 bins - 1] hold, for each spline, the logits of the widths, the logits of the heights, and what the
// softplus takes for the slopes at the inner knots. The slopes at both ends are 1. Parameters 0 give the identity. `inverse`: the
// inverse map, also with its own slope. Parameters of another floating type are converted to that of x. Fused for float32 on
// CPUs, except for gradients of the inverse; differentiable once there. Anything else takes the reference. Throws c10::Error if
// the shapes do not fit.
SplineOutput spline(const at::Tensor& x, const at::Tensor& parameters, double bound, bool inverse);

// The same, made of LibTorch's operators, in any floating type, on any device.
SplineOutput spline_reference(const at::Tensor& x, const at::Tensor& parameters, double bound, bool inverse);

// What a softplus takes in addition to a parameter, so that parameter 0 gives slope 1.
double spline_slope_offset();

// The passes on contiguous float32 on the CPU; shapes as above.
struct SplineShape {
  int64_t rows, bins;  // rows: elements of x
  float bound;
};
void spline_forward(const SplineShape& shape, const float* x, const float* parameters, bool inverse, float* value,
                    float* log_slope);
// Gradients of the map that is not inverse; they are computed from x and the parameters again.
void spline_backward(const SplineShape& shape, const float* x, const float* parameters, const float* grad_value,
                     const float* grad_log_slope, float* grad_x, float* grad_parameters);

}  // namespace hpcai::kernels
