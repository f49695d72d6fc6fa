#include <algorithm>

#include "hpcai/kernels/depthwise/cpu/depthwise_passes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/depthwise/cpu/depthwise.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using depthwise_cpu::Rows;

// Pixels of a row that are computed together. With their seven neighbours and a weight they fill 13 of AVX2's 16 registers.
constexpr int kWidth = 5;

// Calls work(tag, first channel): vector by vector, with eight channels at the end where a vector has 16.
template <class Work>
HWY_INLINE void for_channels(int64_t channels, const Work& work) {
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) work(d, c);
  if (c < channels) work(hn::CappedTag<float, 8>(), c);
}

// Calls work(index of the row, first column, whether the group and its neighbours lie in the row, first and last row of a kernel
// that meets the image) for each group of kWidth pixels.
template <class Work>
HWY_INLINE void for_groups(const Rows& rows, const Work& work) {
  for (int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    const int64_t y = row % rows.height;
    const int top = y == 0 ? 1 : 0, bottom = y == rows.height - 1 ? 1 : 2;
    for (int64_t x = 0; x < rows.width; x += kWidth) {
      work(row, x, x > 0 && x + kWidth < rows.width, top, bottom);
    }
  }
}

template <bool kRelu, class D>
HWY_INLINE hn::Vec<D> activated(D d, const float* from) {
  const auto value = hn::LoadU(d, from);
  return kRelu ? hn::Max(value, hn::Zero(d)) : value;
}

// The pixels of a row from x - 1 on, 0 outside the image.
template <bool kRelu, bool kWhole, class D>
HWY_INLINE void load_neighbours(D d, const float* row, const Rows& rows, int64_t x, int64_t c, hn::Vec<D>* out) {
  for (int i = 0; i < kWidth + 2; ++i) {
    const int64_t column = x + i - 1;
    const bool inside = kWhole || (column >= 0 && column < rows.width);
    out[i] = inside ? activated<kRelu>(d, row + column * rows.channels + c) : hn::Zero(d);
  }
}

// One group: sums of its 3x3 neighbours times kernel 3 r + s, or with `kTurned` kernel 8 - (3 r + s).
template <bool kRelu, bool kTurned, bool kWhole, class D, class Store>
HWY_INLINE void convolve_group(D d, const Rows& rows, const float* images, const float* kernels, int64_t row, int64_t x, int top,
                               int bottom, int64_t c, const Store& store) {
  const int64_t line = rows.width * rows.channels;
  hn::Vec<D> sum[kWidth], near[kWidth + 2];
  for (int i = 0; i < kWidth; ++i) sum[i] = hn::Zero(d);
  for (int r = top; r <= bottom; ++r) {
    load_neighbours<kRelu, kWhole>(d, images + (row + r - 1) * line, rows, x, c, near);
    for (int s = 0; s < 3; ++s) {
      const int tap = kTurned ? 8 - (3 * r + s) : 3 * r + s;
      const auto weight = hn::LoadU(d, kernels + tap * rows.channels + c);
      for (int i = 0; i < kWidth; ++i) sum[i] = hn::MulAdd(near[i + s], weight, sum[i]);
    }
  }
  for (int i = 0; i < kWidth; ++i) {
    if (kWhole || x + i < rows.width) store(i, sum[i]);
  }
}

template <bool kRelu>
void convolve_as(const Rows& rows, const float* images, const float* kernels, float* out) {
  for_groups(rows, [&](int64_t row, int64_t x, bool whole, int top, int bottom) {
    float* const to = out + (row * rows.width + x) * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) {
      const auto store = [&](int i, auto value) { hn::StoreU(value, d, to + i * rows.channels + c); };
      whole ? convolve_group<kRelu, false, true>(d, rows, images, kernels, row, x, top, bottom, c, store)
            : convolve_group<kRelu, false, false>(d, rows, images, kernels, row, x, top, bottom, c, store);
    });
  });
}
void convolve(const Rows& rows, const float* images, bool relu, const float* kernels, float* out) {
  (relu ? convolve_as<true> : convolve_as<false>)(rows, images, kernels, out);
}

template <bool kRelu>
void image_gradient_as(const Rows& rows, const float* dy, const float* kernels, const float* images, float* out) {
  for_groups(rows, [&](int64_t row, int64_t x, bool whole, int top, int bottom) {
    const int64_t first = (row * rows.width + x) * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) {
      const auto store = [&](int i, auto value) {
        const int64_t at = first + i * rows.channels + c;
        if (kRelu) value = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, images + at), hn::Zero(d)), value);
        hn::StoreU(value, d, out + at);
      };
      whole ? convolve_group<false, true, true>(d, rows, dy, kernels, row, x, top, bottom, c, store)
            : convolve_group<false, true, false>(d, rows, dy, kernels, row, x, top, bottom, c, store);
    });
  });
}
void image_gradient(const Rows& rows, const float* dy, const float* kernels, bool relu, const float* images, float* out) {
  (relu ? image_gradient_as<true> : image_gradient_as<false>)(rows, dy, kernels, images, out);
}

template <bool kRelu, bool kWhole, class D>
HWY_INLINE void add_group(D d, const Rows& rows, const float* images, const float* dy, int64_t row, int64_t x, int top, int bottom,
                          int64_t c, float* sums) {
  const int64_t line = rows.width * rows.channels;
  hn::Vec<D> grad[kWidth], near[kWidth + 2];
  for (int i = 0; i < kWidth; ++i) {
    const bool inside = kWhole || x + i < rows.width;
    grad[i] = inside ? hn::LoadU(d, dy + row * line + (x + i) * rows.channels + c) : hn::Zero(d);
  }
  for (int r = top; r <= bottom; ++r) {
    load_neighbours<kRelu, kWhole>(d, images + (row + r - 1) * line, rows, x, c, near);
    for (int s = 0; s < 3; ++s) {
      float* const to = sums + (3 * r + s) * rows.channels + c;
      auto sum = hn::LoadU(d, to);
      for (int i = 0; i < kWidth; ++i) sum = hn::MulAdd(near[i + s], grad[i], sum);
      hn::StoreU(sum, d, to);
    }
  }
}

template <bool kRelu>
void add_kernel_gradient_as(const Rows& rows, const float* images, const float* dy, float* sums) {
  for_groups(rows, [&](int64_t row, int64_t x, bool whole, int top, int bottom) {
    for_channels(rows.channels, [&](auto d, int64_t c) {
      whole ? add_group<kRelu, true>(d, rows, images, dy, row, x, top, bottom, c, sums)
            : add_group<kRelu, false>(d, rows, images, dy, row, x, top, bottom, c, sums);
    });
  });
}
void add_kernel_gradient(const Rows& rows, const float* images, bool relu, const float* dy, float* sums) {
  (relu ? add_kernel_gradient_as<true> : add_kernel_gradient_as<false>)(rows, images, dy, sums);
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(convolve);
HWY_EXPORT(image_gradient);
HWY_EXPORT(add_kernel_gradient);

namespace depthwise_cpu {
void convolve(const Rows& rows, const float* images, bool relu, const float* kernels, float* out) {
  HWY_DYNAMIC_DISPATCH(convolve)(rows, images, relu, kernels, out);
}
void image_gradient(const Rows& rows, const float* dy, const float* kernels, bool relu, const float* images, float* out) {
  HWY_DYNAMIC_DISPATCH(image_gradient)(rows, dy, kernels, relu, images, out);
}
void add_kernel_gradient(const Rows& rows, const float* images, bool relu, const float* dy, float* sums) {
  HWY_DYNAMIC_DISPATCH(add_kernel_gradient)(rows, images, relu, dy, sums);
}
}  // namespace depthwise_cpu
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
