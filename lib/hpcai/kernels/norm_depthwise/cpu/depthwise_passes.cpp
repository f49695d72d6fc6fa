#include "hpcai/kernels/norm_depthwise/cpu/depthwise_passes.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/norm_depthwise/cpu/depthwise_passes.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/channels-inl.h"
#include "hpcai/kernels/simd/storage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using namespace depthwise;

// The first of some neighbours in a row of an image. Each reads three rows of three pixels.
struct Place {
  int64_t row, column;
};

// Which of the pixels column - 1, ..., column + pixels a row of the image has.
template <int kPixels>
struct Inside {
  bool left, right;

  Inside(const Image& image, Place place) : left(place.column > 0), right(place.column + kPixels < image.width) {}
  bool operator()(int pixel) const { return (pixel > 0 || left) && (pixel <= kPixels || right); }
};

// Calls work(number of the row among three, its pixel column - 1) for the rows that the image has.
template <class T, class Work>
HWY_INLINE void for_rows(const Image& image, Place place, const T* values, const Work& work) {
  for (int64_t i = std::max<int64_t>(0, 1 - place.row); i < std::min<int64_t>(3, image.height + 1 - place.row); ++i) {
    work(i, values + ((place.row + i - 1) * image.width + place.column - 1) * image.channels);
  }
}

template <int kPixels, bool kRelu, class T>
HWY_INLINE void convolve_pixels(const Image& image, const Map& map, const float* kernels, Place place, const T* values, T* out) {
  const Inside<kPixels> inside(image, place);
  T* const to = out + (place.row * image.width + place.column) * image.channels;
  for_channels(image.channels, [&](auto d, int64_t c) HWY_ATTR {
    hn::Vec<decltype(d)> sum[kPixels];
    for (int i = 0; i < kPixels; ++i) sum[i] = hn::Zero(d);
    for_rows(image, place, values, [&](int64_t row, const T* line) HWY_ATTR {
      const float* const taps = kernels + 3 * row * image.channels + c;
      const auto left = hn::LoadU(d, taps), middle = hn::LoadU(d, taps + image.channels),
                 right = hn::LoadU(d, taps + 2 * image.channels);
      for (int i = 0; i < kPixels + 2; ++i) {
        if (!inside(i)) continue;
        const auto y = scaled_and_shifted(d, load(d, line + i * image.channels + c), map, c), x = kRelu ? relu(d, y) : y;
        if (i < kPixels) sum[i] = hn::MulAdd(left, x, sum[i]);
        if (i > 0 && i <= kPixels) sum[i - 1] = hn::MulAdd(middle, x, sum[i - 1]);
        if (i > 1) sum[i - 2] = hn::MulAdd(right, x, sum[i - 2]);
      }
    });
    for (int i = 0; i < kPixels; ++i) store(sum[i], d, to + i * image.channels + c);
  });
}

// An input pixel is read by the nine outputs around it, through the kernel turned by 180 degrees.
template <int kPixels, bool kRelu, class T>
HWY_INLINE void convolve_pixels_back(const Image& image, const Map& map, const float* mean, const float* kernels, Place place,
                                     const T* values, const T* d_out, T* dy, float* sums) {
  const Inside<kPixels> inside(image, place);
  const int64_t channels = image.channels, first = (place.row * image.width + place.column) * channels;
  for_channels(channels, [&](auto d, int64_t c) HWY_ATTR {
    hn::Vec<decltype(d)> v[kPixels], y[kPixels], dx[kPixels];
    for (int i = 0; i < kPixels; ++i) {
      v[i] = load(d, values + first + i * channels + c);
      y[i] = scaled_and_shifted(d, v[i], map, c);
      dx[i] = hn::Zero(d);
    }
    for_rows(image, place, d_out, [&](int64_t row, const T* line) HWY_ATTR {
      hn::Vec<decltype(d)> grad[kPixels + 2];
      for (int i = 0; i < kPixels + 2; ++i) grad[i] = inside(i) ? load(d, line + i * channels + c) : hn::Zero(d);
      for (int column = 0; column < 3; ++column) {
        const int64_t tap = (3 * (2 - row) + 2 - column) * channels + c;
        const auto kernel = hn::LoadU(d, kernels + tap);
        auto sum = hn::LoadU(d, sums + tap);
        for (int i = 0; i < kPixels; ++i) {
          dx[i] = hn::MulAdd(kernel, grad[i + column], dx[i]);
          sum = hn::MulAdd(kRelu ? relu(d, y[i]) : y[i], grad[i + column], sum);
        }
        hn::StoreU(sum, d, sums + tap);
      }
    });
    float *const grads = sums + kTaps * channels + c, *const products = grads + channels;
    auto grad_sum = hn::LoadU(d, grads), product_sum = hn::LoadU(d, products);
    const auto centre = hn::LoadU(d, mean + c);
    for (int i = 0; i < kPixels; ++i) {
      const auto g = kRelu ? hn::IfThenElseZero(hn::Gt(y[i], hn::Zero(d)), dx[i]) : dx[i];
      store(g, d, dy + first + i * channels + c);
      grad_sum = hn::Add(grad_sum, g);
      product_sum = hn::MulAdd(g, hn::Sub(v[i], centre), product_sum);
    }
    hn::StoreU(grad_sum, d, grads);
    hn::StoreU(product_sum, d, products);
  });
}

// Calls four(place) for four pixels at a time, and one(place) for each of the rest.
template <class Four, class One>
HWY_INLINE void for_pixels(const Image& image, ImageRows rows, const Four& four, const One& one) {
  for (int64_t row = rows.first; row < rows.end; ++row) {
    int64_t column = 0;
    for (; column + 4 <= image.width; column += 4) four(Place{row, column});
    for (; column < image.width; ++column) one(Place{row, column});
  }
}

template <bool kRelu, class T>
void convolve_as(const Image& image, const Map& map, const float* kernels, ImageRows rows, const T* values, T* out) {
  for_pixels(
      image, rows, [&](Place place) HWY_ATTR { convolve_pixels<4, kRelu>(image, map, kernels, place, values, out); },
      [&](Place place) HWY_ATTR { convolve_pixels<1, kRelu>(image, map, kernels, place, values, out); });
}

template <bool kRelu, class T>
void convolve_back_as(const Image& image, const Map& map, const float* mean, const float* kernels, ImageRows rows,
                      const T* values, const T* d_out, T* dy, float* sums) {
  for_pixels(
      image, rows,
      [&](Place place) HWY_ATTR { convolve_pixels_back<4, kRelu>(image, map, mean, kernels, place, values, d_out, dy, sums); },
      [&](Place place) HWY_ATTR { convolve_pixels_back<1, kRelu>(image, map, mean, kernels, place, values, d_out, dy, sums); });
}

template <class T>
void convolve(const Image& image, const Map& map, const float* kernels, ImageRows rows, const T* values, T* out) {
  (map.relu ? convolve_as<true, T> : convolve_as<false, T>)(image, map, kernels, rows, values, out);
}

template <class T>
void convolve_back(const Image& image, const Map& map, const float* mean, const float* kernels, ImageRows rows, const T* values,
                   const T* d_out, T* dy, float* sums) {
  (map.relu ? convolve_back_as<true, T> : convolve_back_as<false, T>)(image, map, mean, kernels, rows, values, d_out, dy, sums);
}

namespace {  // other sources have functions of these names
template <class T>
constexpr Passes<T> kPasses{.convolve = convolve<T>, .convolve_back = convolve_back<T>};
Passes<float> float_passes() { return kPasses<float>; }
Passes<c10::BFloat16> bfloat16_passes() { return kPasses<c10::BFloat16>; }
}  // namespace

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(float_passes);
HWY_EXPORT(bfloat16_passes);

namespace depthwise {
template <>
Passes<float> passes() {
  return HWY_DYNAMIC_DISPATCH(float_passes)();
}
template <>
Passes<c10::BFloat16> passes() {
  return HWY_DYNAMIC_DISPATCH(bfloat16_passes)();
}
}  // namespace depthwise
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
