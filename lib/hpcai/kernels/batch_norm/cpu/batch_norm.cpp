#include <vector>

#include "hpcai/kernels/batch_norm/cpu/batch_norm_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/batch_norm/cpu/batch_norm.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/channels-inl.h"
#include "hpcai/kernels/simd/storage-inl.h"

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

template <class T>
void moments(const T* values, int64_t rows, const Shape& shape, double* mean, double* squared_deviations) {
  std::vector<float> scratch(4 * shape.width);
  float *const sum = scratch.data(), *const centre = sum + shape.width, *const rest = centre + shape.width,
               *const square = rest + shape.width;
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) { add_to(d, sum + c, load(d, values + i)); });
  const auto n = static_cast<double>(rows);
  add_repetitions(sum, shape, mean);
  for (int64_t c = 0; c < shape.channels; ++c) centre[c] = static_cast<float>(mean[c] / n);
  for (int64_t c = shape.channels; c < shape.width; ++c) centre[c] = centre[c - shape.channels];
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto deviation = hn::Sub(load(d, values + i), hn::LoadU(d, centre + c));
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

template <bool kRelu, class T>
void normalise_as(const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, T* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto y = scaled_and_shifted(d, load(d, values + i), norm, c);
    store(kRelu ? relu(d, y) : y, d, out + i);
  });
}

template <bool kRelu, class T>
void normalise_and_add_as(const T* values, const T* addend, int64_t rows, const Shape& shape, const ScaleShift& norm, T* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto y = hn::Add(scaled_and_shifted(d, load(d, values + i), norm, c), load(d, addend + i));
    store(kRelu ? relu(d, y) : y, d, out + i);
  });
}

// dy, or with a ReLU 0 where y <= 0
template <bool kRelu, class T, class D>
HWY_INLINE hn::Vec<D> through_relu(D d, const T* dy, hn::Vec<D> v, const ScaleShift& norm, int64_t i, int64_t c) {
  const auto grad = load(d, dy + i);
  if (!kRelu) return grad;
  return hn::IfThenElseZero(hn::Gt(scaled_and_shifted(d, v, norm, c), hn::Zero(d)), grad);
}

// The sums of gradient(d, v, index of the value, channel) and of that times (v - mean).
template <class T, class Gradient>
HWY_INLINE void sum_gradients(const T* values, int64_t rows, const Shape& shape, const float* mean, double* grad, double* product,
                              const Gradient& gradient) {
  std::vector<float> scratch(2 * shape.width);
  float *const wide_grad = scratch.data(), *const wide_product = wide_grad + shape.width;
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto v = load(d, values + i);
    const auto g = gradient(d, v, i, c);
    add_to(d, wide_grad + c, g);
    hn::StoreU(hn::MulAdd(g, hn::Sub(v, hn::LoadU(d, mean + c)), hn::LoadU(d, wide_product + c)), d, wide_product + c);
  });
  add_repetitions(wide_grad, shape, grad);
  add_repetitions(wide_product, shape, product);
}

template <bool kRelu, class T>
void gradient_sums_as(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, const float* mean,
                      double* grad, double* product) {
  sum_gradients(values, rows, shape, mean, grad, product,
                [&](auto d, auto v, int64_t i, int64_t c) { return through_relu<kRelu>(d, dy, v, norm, i, c); });
}

template <class T>
void masked_gradient_sums(const T* dy, const T* y, const T* values, int64_t rows, const Shape& shape, const float* mean,
                          T* masked, double* grad, double* product) {
  sum_gradients(values, rows, shape, mean, grad, product, [&](auto d, auto, int64_t i, int64_t) {
    const auto g = hn::IfThenElseZero(hn::Gt(load(d, y + i), hn::Zero(d)), load(d, dy + i));
    store(g, d, masked + i);
    return g;
  });
}

template <bool kRelu, class T>
void input_gradient_as(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                       const InputGradient& gradient, T* out) {
  for_values(rows, shape, [&](auto d, int64_t i, int64_t c) {
    const auto v = load(d, values + i);
    const auto rest = hn::MulAdd(hn::LoadU(d, gradient.slope + c), v, hn::LoadU(d, gradient.offset + c));
    store(hn::MulAdd(hn::LoadU(d, norm.scale + c), through_relu<kRelu>(d, dy, v, norm, i, c), rest), d, out + i);
  });
}

template <class T>
void normalise(const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu, T* out) {
  (relu ? normalise_as<true, T> : normalise_as<false, T>)(values, rows, shape, norm, out);
}

template <class T>
void normalise_and_add(const T* values, const T* addend, int64_t rows, const Shape& shape, const ScaleShift& norm, bool relu,
                       T* out) {
  (relu ? normalise_and_add_as<true, T> : normalise_and_add_as<false, T>)(values, addend, rows, shape, norm, out);
}

template <class T>
void gradient_sums(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm, const float* mean,
                   bool relu, double* grad, double* product) {
  (relu ? gradient_sums_as<true, T> : gradient_sums_as<false, T>)(dy, values, rows, shape, norm, mean, grad, product);
}

template <class T>
void input_gradient(const T* dy, const T* values, int64_t rows, const Shape& shape, const ScaleShift& norm,
                    const InputGradient& gradient, bool relu, T* out) {
  (relu ? input_gradient_as<true, T> : input_gradient_as<false, T>)(dy, values, rows, shape, norm, gradient, out);
}

namespace {  // other sources have functions of these names
template <class T>
constexpr Passes<T> kPasses{.moments = moments<T>,
                            .normalise = normalise<T>,
                            .normalise_and_add = normalise_and_add<T>,
                            .gradient_sums = gradient_sums<T>,
                            .masked_gradient_sums = masked_gradient_sums<T>,
                            .input_gradient = input_gradient<T>};
Passes<float> float_passes() { return kPasses<float>; }
Passes<c10::BFloat16> bfloat16_passes() { return kPasses<c10::BFloat16>; }
}  // namespace

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(float_passes);
HWY_EXPORT(bfloat16_passes);

namespace norm {
template <>
Passes<float> passes() {
  return HWY_DYNAMIC_DISPATCH(float_passes)();
}
template <>
Passes<c10::BFloat16> passes() {
  return HWY_DYNAMIC_DISPATCH(bfloat16_passes)();
}
}  // namespace norm
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
