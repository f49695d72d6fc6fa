#pragma once

#include <cstdint>

namespace hpcai::kernels::norm {

// The passes of batch_norm over a block of rows, [rows, channels] float32 without gaps. Vectors want a multiple of 16 values, so
// `repeat` rows are taken as one row of `width` values, and one value a channel as [width] values, repeated as often.
struct Shape {
  int64_t channels, repeat, width;

  explicit Shape(int64_t of) : channels(of), repeat(1) {
    while (repeat * channels % 16 != 0) repeat *= 2;
    width = repeat * channels;
  }
};

// y = scale v + shift, [width] each.
struct ScaleShift {
  const float *scale, *shift;
};

// Means over the rows, and sums of squared deviations from them, float64 [channels].
void moments(const float* values, int64_t rows, const Shape& shape, double* mean, double* squared_deviations);

// out = scale values + shift, or with `relu` max(0, scale values + shift).
void normalise(const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu, float* out);
// The same of scale values + shift + addend.
void normalise_and_add(const float* values, const float* addend, int64_t rows, const Shape& shape, const ScaleShift& norm,
                       bool relu, float* out);

// Sums over rows of dy and dy (v - mean), float64 [channels], for mean [width]. With `relu`, dy counts as 0 where y <= 0.
void gradient_sums(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                   const float* mean, bool relu, double* grad, double* product);

// The same of `masked`, dy where y > 0 and 0 elsewhere, which is written.
void masked_gradient_sums(const float* dy, const float* y, const float* values, int64_t rows, const Shape& shape,
                          const float* mean, float* masked, double* grad, double* product);

// dv = scale dy + slope v + offset, [width] each; the last two are 0 unless the statistics are those of the batch.
struct InputGradient {
  const float *slope, *offset;  // [width]
};
void input_gradient(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                    const InputGradient& gradient, bool relu, float* out);

}  // namespace hpcai::kernels::norm
