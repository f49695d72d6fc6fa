#include "hpcai/kernels/norm_pool/cpu/pool_passes.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/norm_pool/cpu/pool_passes.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/channels-inl.h"
#include "hpcai/kernels/simd/storage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using namespace pool;

// The part of a window, or of the windows around a pixel, that lies in the image: [first, end) of each direction.
struct Range {
  int64_t first, end;
};
HWY_INLINE Range window(int64_t number, int64_t padding, int64_t size) {
  return {std::max<int64_t>(0, 2 * number - padding), std::min(size, 2 * number - padding + 3)};
}
HWY_INLINE Range windows_around(int64_t pixel, int64_t padding, int64_t count) {
  return {std::max<int64_t>(0, (pixel + padding - 1) / 2), std::min(count, (pixel + padding) / 2 + 1)};
}

// Numbers of pixels as bytes in memory and as float32 in registers.
template <class D>
HWY_INLINE void store_bytes(D /*d*/, hn::Vec<D> numbers, uint8_t* to) {
  const hn::Rebind<uint8_t, D> bytes;
  hn::StoreU(hn::DemoteTo(bytes, hn::ConvertTo(hn::RebindToSigned<D>(), numbers)), bytes, to);
}
template <class D>
HWY_INLINE hn::Mask<D> bytes_equal(D d, const uint8_t* bytes, int64_t number) {
  const hn::RebindToSigned<D> integers;
  const auto found = hn::PromoteTo(integers, hn::LoadU(hn::Rebind<uint8_t, D>(), bytes));
  return hn::RebindMask(d, hn::Eq(found, hn::Set(integers, static_cast<int32_t>(number))));
}

template <class T>
void take_largest(const Image& image, const Map& map, ImageRows rows, const T* values, T* out, uint8_t* pixels) {
  for (int64_t i = rows.first; i < rows.end; ++i) {
    const Range down = window(i, image.top, image.height);
    for (int64_t j = 0; j < image.out_width(); ++j) {
      const Range across = window(j, image.left, image.width);
      const int64_t to = (i * image.out_width() + j) * image.channels;
      for_channels(image.channels, [&](auto d, int64_t c) HWY_ATTR {
        auto largest = hn::Set(d, -std::numeric_limits<float>::infinity()), number = hn::Zero(d);
        bool first = true;
        for (int64_t row = down.first; row < down.end; ++row) {
          for (int64_t column = across.first; column < across.end; ++column, first = false) {
            const auto v = load(d, values + (row * image.width + column) * image.channels + c);
            const auto y = scaled_and_shifted(d, v, map, c);
            const int64_t here = 3 * (row - 2 * i + image.top) + column - 2 * j + image.left;
            const auto is_larger = hn::Or(hn::Gt(y, largest), hn::IsNaN(y));
            largest = hn::IfThenElse(is_larger, y, largest);
            number = first ? hn::Set(d, static_cast<float>(here))
                           : hn::IfThenElse(is_larger, hn::Set(d, static_cast<float>(here)), number);
          }
        }
        if (map.relu) {
          number = hn::IfThenElse(hn::Gt(largest, hn::Zero(d)), number, hn::Set(d, static_cast<float>(kNoPixel)));
          largest = relu(d, largest);
        }
        store(largest, d, out + to + c);
        store_bytes(d, number, pixels + to + c);
      });
    }
  }
}

// Calls work(tag, channel, index of the value, dy) for all values of some rows of the image.
template <class T, class Work>
HWY_INLINE void for_gradients(const Image& image, ImageRows rows, const T* d_out, const uint8_t* pixels, const Work& work) {
  for (int64_t row = rows.first; row < rows.end; ++row) {
    const Range down = windows_around(row, image.top, image.out_height());
    for (int64_t column = 0; column < image.width; ++column) {
      const Range across = windows_around(column, image.left, image.out_width());
      const int64_t first = (row * image.width + column) * image.channels;
      for_channels(image.channels, [&](auto d, int64_t c) HWY_ATTR {
        auto dy = hn::Zero(d);
        for (int64_t i = down.first; i < down.end; ++i) {
          for (int64_t j = across.first; j < across.end; ++j) {
            const int64_t from = (i * image.out_width() + j) * image.channels + c;
            const int64_t here = 3 * (row - 2 * i + image.top) + column - 2 * j + image.left;
            dy = hn::Add(dy, hn::IfThenElseZero(bytes_equal(d, pixels + from, here), load(d, d_out + from)));
          }
        }
        work(d, c, first + c, dy);
      });
    }
  }
}

template <class T>
void add_gradients(const Image& image, const float* mean, ImageRows rows, const T* values, const T* d_out, const uint8_t* pixels,
                   float* sums) {
  for_gradients(image, rows, d_out, pixels, [&](auto d, int64_t c, int64_t i, auto dy) HWY_ATTR {
    float *const grad = sums + c, *const product = grad + image.channels;
    hn::StoreU(hn::Add(hn::LoadU(d, grad), dy), d, grad);
    const auto deviation = hn::Sub(load(d, values + i), hn::LoadU(d, mean + c));
    hn::StoreU(hn::MulAdd(dy, deviation, hn::LoadU(d, product)), d, product);
  });
}

template <class T>
void input_gradient(const Image& image, const Gradient& gradient, ImageRows rows, const T* values, const T* d_out,
                    const uint8_t* pixels, T* dv) {
  for_gradients(image, rows, d_out, pixels, [&](auto d, int64_t c, int64_t i, auto dy) HWY_ATTR {
    const auto rest = hn::MulAdd(hn::LoadU(d, gradient.slope + c), load(d, values + i), hn::LoadU(d, gradient.offset + c));
    store(hn::MulAdd(hn::LoadU(d, gradient.scale + c), dy, rest), d, dv + i);
  });
}

namespace {  // other sources have functions of these names
template <class T>
constexpr Passes<T> kPasses{
    .take_largest = take_largest<T>, .add_gradients = add_gradients<T>, .input_gradient = input_gradient<T>};
Passes<float> float_passes() { return kPasses<float>; }
Passes<c10::BFloat16> bfloat16_passes() { return kPasses<c10::BFloat16>; }
}  // namespace

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(float_passes);
HWY_EXPORT(bfloat16_passes);

namespace pool {
template <>
Passes<float> passes() {
  return HWY_DYNAMIC_DISPATCH(float_passes)();
}
template <>
Passes<c10::BFloat16> passes() {
  return HWY_DYNAMIC_DISPATCH(bfloat16_passes)();
}
}  // namespace pool
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
