#include <vector>

#include "hpcai/kernels/batch_norm/cpu/batch_norm_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/batch_norm/cpu/batch_norm.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/channels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using namespace norm;

// Calls work(tag, index of a value, its index in a wide row): vector by vector over whole wide rows, then value by value over the
// rest.
template <class Work>
HWY_INLINE void for_values(int64_t rows, const Shape& shape, const Work& work) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t whole = rows / shape.repeat * shape.width, count = rows * shape.channels;
  for (int64_t row = 0; row < whole; row += shape.width) {
    for (int64_t c = 0; c < shape.width; c += lanes) work(d, row + c, c);
  }
  for (int64_t i = whole; i < count; ++i) work(single, i, i - whole);
}

template <class D>
HWY_INLINE void add_to(D d, float* out, hn::Vec<D> value) {
  hn::StoreU(hn::Add(hn::LoadU(d, out), value), d, out);
}

// The sums over the repetitions of each channel.
void add_repetitions(const float* wide, const Shape& shape, double* sums) {
  for (int64_t c = 0; c < shape.channels; ++c) sums[c] = wide[c];
  for (int64_t first = shape.channels; first < shape.width; first += shape.channels) {
    for (int64_t c = 0; c < shape.channels; ++c) sums[c] += wide[first + c];
  }
}

void moments(const float* values, int64_t rows, const Shape& shape, double* mean, double* squared_deviations) {
  std::vector<float> scratch(4 * shape.width);
  float *const sum = scratch.data(), *const centre = sum + shape.width, *const rest = centre + shape.width,
               *const square = rest + shape.width;
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) { add_to(d, sum + c, hn::LoadU(d, values + i)); });
  const auto n = static_cast<double>(rows);
  add_repetitions(sum, shape, mean);
  for (int64_t c = 0; c < shape.channels; ++c) centre[c] = static_cast<float>(mean[c] / n);
  for (int64_t c = shape.channels; c < shape.width; ++c) centre[c] = centre[c - shape.channels];
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto deviation = hn::Sub(hn::LoadU(d, values + i), hn::LoadU(d, centre + c));
    add_to(d, rest + c, deviation);
    hn::StoreU(hn::MulAdd(deviation, deviation, hn::LoadU(d, square + c)), d, square + c);
  });
  add_repetitions(rest, shape, mean);  // the centre is the mean to float's precision only
  add_repetitions(square, shape, squared_deviations);
  for (int64_t c = 0; c < shape.channels; ++c) {
    squared_deviations[c] -= mean[c] * mean[c] / n;
    mean[c] = centre[c] + mean[c] / n;
  }
}

template <bool kRelu>
void normalise_as(const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm, float* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto y = scaled_and_shifted(d, hn::LoadU(d, values + i), norm, c);
    hn::StoreU(kRelu ? relu(d, y) : y, d, out + i);
  });
}

template <bool kRelu>
void normalise_and_add_as(const float* values, const float* addend, int64_t rows, const Shape& shape, const ScaleShift& norm,
                          float* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto y = hn::Add(scaled_and_shifted(d, hn::LoadU(d, values + i), norm, c), hn::LoadU(d, addend + i));
    hn::StoreU(kRelu ? relu(d, y) : y, d, out + i);
  });
}

// dy, or with a ReLU 0 where y <= 0
template <bool kRelu, class D>
HWY_INLINE hn::Vec<D> through_relu(D d, const float* dy, hn::Vec<D> v, const ScaleShift& norm, int64_t i, int64_t c) {
  const auto grad = hn::LoadU(d, dy + i);
  if (!kRelu) return grad;
  return hn::IfThenElseZero(hn::Gt(scaled_and_shifted(d, v, norm, c), hn::Zero(d)), grad);
}

// The sums of gradient(d, v, index of the value, channel) and of that times (v - mean).
template <class Gradient>
HWY_INLINE void sum_gradients(const float* values, int64_t rows, const Shape& shape, const float* mean, double* grad,
                              double* product, const Gradient& gradient) {
  std::vector<float> scratch(2 * shape.width);
  float *const wide_grad = scratch.data(), *const wide_product = wide_grad + shape.width;
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto v = hn::LoadU(d, values + i);
    const auto g = gradient(d, v, i, c);
    add_to(d, wide_grad + c, g);
    hn::StoreU(hn::MulAdd(g, hn::Sub(v, hn::LoadU(d, mean + c)), hn::LoadU(d, wide_product + c)), d, wide_product + c);
  });
  add_repetitions(wide_grad, shape, grad);
  add_repetitions(wide_product, shape, product);
}

template <bool kRelu>
void gradient_sums_as(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                      const float* mean, double* grad, double* product) {
  sum_gradients(values, rows, shape, mean, grad, product,
                [&](auto d, auto v, int64_t i, int64_t c) { return through_relu<kRelu>(d, dy, v, norm, i, c); });
}

void masked_gradient_sums(const float* dy, const float* y, const float* values, int64_t rows, const Shape& shape,
                          const float* mean, float* masked, double* grad, double* product) {
  sum_gradients(values, rows, shape, mean, grad, product, [&](auto d, auto, int64_t i, int64_t) {
    const auto g = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, y + i), hn::Zero(d)), hn::LoadU(d, dy + i));
    hn::StoreU(g, d, masked + i);
    return g;
  });
}

template <bool kRelu>
void input_gradient_as(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                       const InputGradient& gradient, float* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto v = hn::LoadU(d, values + i);
    const auto rest = hn::MulAdd(hn::LoadU(d, gradient.slope + c), v, hn::LoadU(d, gradient.offset + c));
    hn::StoreU(hn::MulAdd(hn::LoadU(d, norm.scale + c), through_relu<kRelu>(d, dy, v, norm, i, c), rest), d, out + i);
  });
}

void normalise(const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu, float* out) {
  (relu ? normalise_as<true> : normalise_as<false>)(values, rows, shape, norm, out);
}

void normalise_and_add(const float* values, const float* addend, int64_t rows, const Shape& shape, const ScaleShift& norm,
                       bool relu, float* out) {
  (relu ? normalise_and_add_as<true> : normalise_and_add_as<false>)(values, addend, rows, shape, norm, out);
}

void gradient_sums(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                   const float* mean, bool relu, double* grad, double* product) {
  (relu ? gradient_sums_as<true> : gradient_sums_as<false>)(dy, values, rows, shape, norm, mean, grad, product);
}

void input_gradient(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                    const InputGradient& gradient, bool relu, float* out) {
  (relu ? input_gradient_as<true> : input_gradient_as<false>)(dy, values, rows, shape, norm, gradient, out);
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(moments);
HWY_EXPORT(normalise);
HWY_EXPORT(normalise_and_add);
HWY_EXPORT(gradient_sums);
HWY_EXPORT(masked_gradient_sums);
HWY_EXPORT(input_gradient);

namespace norm {
void moments(const float* values, int64_t rows, const Shape& shape, double* mean, double* squared_deviations) {
  HWY_DYNAMIC_DISPATCH(moments)(values, rows, shape, mean, squared_deviations);
}
void normalise(const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu, float* out) {
  HWY_DYNAMIC_DISPATCH(normalise)(values, rows, shape, norm, relu, out);
}
void gradient_sums(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                   const float* mean, bool relu, double* grad, double* product) {
  HWY_DYNAMIC_DISPATCH(gradient_sums)(dy, values, rows, shape, norm, mean, relu, grad, product);
}
void input_gradient(const float* dy, const float* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                    const InputGradient& gradient, bool relu, float* out) {
  HWY_DYNAMIC_DISPATCH(input_gradient)(dy, values, rows, shape, norm, gradient, relu, out);
}
void normalise_and_add(const float* values, const float* addend, int64_t rows, const Shape& shape, const ScaleShift& norm,
                       bool relu, float* out) {
  HWY_DYNAMIC_DISPATCH(normalise_and_add)(values, addend, rows, shape, norm, relu, out);
}
void masked_gradient_sums(const float* dy, const float* y, const float* values, int64_t rows, const Shape& shape,
                          const float* mean, float* masked, double* grad, double* product) {
  HWY_DYNAMIC_DISPATCH(masked_gradient_sums)(dy, y, values, rows, shape, mean, masked, grad, product);
}
}  // namespace norm
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
