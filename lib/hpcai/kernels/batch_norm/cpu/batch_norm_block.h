#pragma once

#include <cstdint>

namespace hpcai::kernels::norm {

// The passes of batch_norm over a block of rows, [rows, channels] without gaps. Vectors want a multiple of 16 values, so
// `repeat` rows are taken as one row of `width` values, and what belongs to the channels is repeated as often.
struct Shape {
  int64_t channels, repeat, width;

  explicit Shape(int64_t of) : channels(of), repeat(1) {
    while (repeat * channels % 16 != 0) repeat *= 2;
    width = repeat * channels;
  }
};

// y = scale v + shift; [width] each.
struct Affine {
  const float *scale, *shift;
};

// Mean over the rows and squares about it, float64 [channels].
void moments(const float* values, int64_t rows, const Shape& shape, double* mean, double* squares);

void normalise(const float* values, int64_t rows, const Shape& shape, const Affine& norm, bool relu, float* out);

// Sums over rows of dy and dy (v - mean), float64 [channels]; dy counts as 0 where a ReLU has cut y off.
void gradient_sums(const float* dy, const float* values, int64_t rows, const Shape& shape, const Affine& norm, const float* mean,
                   bool relu, double* grad, double* product);

// dv = scale dy + slope v + offset
struct InputGradient {
  const float *slope, *offset;  // [width]
};
void input_gradient(const float* dy, const float* values, int64_t rows, const Shape& shape, const Affine& norm,
                    const InputGradient& gradient, bool relu, float* out);

}  // namespace hpcai::kernels::norm
