#pragma once

#include <cstdint>

namespace hpcai::kernels::norm {

// The passes of batch_norm over a block of rows, [rows, channels] without gaps. Vectors want a multiple of 16 values, so
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

// dv = scale dy + slope v + offset, [width] each; the last two are 0 unless the statistics are those of the batch.
struct InputGradient {
  const float *slope, *offset;  // [width]
};

// The passes over values that are stored as T, float or c10::BFloat16; sums and all that is [channels] or [width] are not.
template <class T>
struct Passes {
  // Means over the rows, and sums of squared deviations from them, float64 [channels].
  void (*moments)(const T* values, int64_t rows, const Shape& shape, double* mean, double* squared_deviations);

  // out = scale values + shift, or with `relu` max(0, scale values + shift).
  void (*normalise)(const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu, T* out);
  // The same of scale values + shift + addend.
  void (*normalise_and_add)(const T* values, const T* addend, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu,
                            T* out);

  // Sums over rows of dy and dy (v - mean), float64 [channels], for mean [width]. With `relu`, dy counts as 0 where y <= 0.
  void (*gradient_sums)(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, const float* mean,
                        bool relu, double* grad, double* product);
  // The same of `masked`, dy where y > 0 and 0 elsewhere, which is written.
  void (*masked_gradient_sums)(const T* dy, const T* y, const T* values, int64_t rows, const Shape& shape, const float* mean,
                               T* masked, double* grad, double* product);

  // Writes dv. With `relu` as above.
  void (*input_gradient)(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                         const InputGradient& gradient, bool relu, T* out);
};
template <class T>
Passes<T> passes();

}  // namespace hpcai::kernels::norm
