#include <algorithm>

#include "hpcai/kernels/winograd/cpu/winograd_passes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/winograd/cpu/winograd_transforms.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/storage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using winograd_cpu::element_stride;
using winograd_cpu::ImagePasses;
using winograd_cpu::KernelStrides;
using winograd_cpu::kTile;
using winograd_cpu::TileRange;
using winograd_cpu::Tiling;

using Lanes = hn::CappedTag<float, kPanel>;
using V = hn::Vec<Lanes>;

HWY_INLINE V times(float factor, V value) { return hn::Mul(hn::Set(Lanes(), factor), value); }
// factor value + rest
HWY_INLINE V plus(float factor, V value, V rest) { return hn::MulAdd(hn::Set(Lanes(), factor), value, rest); }

// The one-dimensional transforms, out = T in, for the points 0, 1, -1, 2, -2 and infinity. kIn and kOut: their lengths.
struct OfInput {  // B^T
  static constexpr int kIn = 6, kOut = 6;
  HWY_INLINE static void apply(const V* in, V* out) {
    const V even = plus(-4, in[2], in[4]), odd = plus(-4, in[1], in[3]);
    const V wide = hn::Sub(in[4], in[2]), twice = times(2, hn::Sub(in[3], in[1]));
    out[0] = plus(4, in[0], plus(-5, in[2], in[4]));
    out[1] = hn::Add(even, odd);
    out[2] = hn::Sub(even, odd);
    out[3] = hn::Add(wide, twice);
    out[4] = hn::Sub(wide, twice);
    out[5] = plus(4, in[1], plus(-5, in[3], in[5]));
  }
};
struct OfSums {  // A^T
  static constexpr int kIn = 6, kOut = 4;
  HWY_INLINE static void apply(const V* in, V* out) {
    const V sum = hn::Add(in[1], in[2]), difference = hn::Sub(in[1], in[2]);
    const V far_sum = hn::Add(in[3], in[4]), far_difference = hn::Sub(in[3], in[4]);
    out[0] = hn::Add(in[0], hn::Add(sum, far_sum));
    out[1] = plus(2, far_difference, difference);
    out[2] = plus(4, far_sum, sum);
    out[3] = hn::Add(plus(8, far_difference, difference), in[5]);
  }
};
struct OfOutputGradient {  // A
  static constexpr int kIn = 4, kOut = 6;
  HWY_INLINE static void apply(const V* in, V* out) {
    const V even = hn::Add(in[0], in[2]), odd = hn::Add(in[1], in[3]);
    const V far_even = plus(4, in[2], in[0]), far_odd = plus(8, in[3], times(2, in[1]));
    out[0] = in[0];
    out[1] = hn::Add(even, odd);
    out[2] = hn::Sub(even, odd);
    out[3] = hn::Add(far_even, far_odd);
    out[4] = hn::Sub(far_even, far_odd);
    out[5] = in[3];
  }
};
struct OfKernel {  // G
  static constexpr int kIn = 3, kOut = 6;
  HWY_INLINE static void apply(const V* in, V* out) {
    const V outer = hn::Add(in[0], in[2]), far_outer = plus(4, in[2], in[0]), twice = hn::Add(in[1], in[1]);
    out[0] = times(1.0F / 4, in[0]);
    out[1] = times(-1.0F / 6, hn::Add(outer, in[1]));
    out[2] = times(-1.0F / 6, hn::Sub(outer, in[1]));
    out[3] = times(1.0F / 24, hn::Add(far_outer, twice));
    out[4] = times(1.0F / 24, hn::Sub(far_outer, twice));
    out[5] = in[2];
  }
};
struct OfKernelGradient {  // G^T
  static constexpr int kIn = 6, kOut = 3;
  HWY_INLINE static void apply(const V* in, V* out) {
    const V sum = times(-1.0F / 6, hn::Add(in[1], in[2])), far_sum = times(1.0F / 24, hn::Add(in[3], in[4]));
    out[0] = hn::Add(plus(1.0F / 4, in[0], sum), far_sum);
    out[1] = plus(1.0F / 12, hn::Sub(in[3], in[4]), times(-1.0F / 6, hn::Sub(in[1], in[2])));
    out[2] = hn::Add(plus(4, far_sum, sum), in[5]);
  }
};

// T in T^T of a square of vectors: load(row, column) gives an element, store(row, column, value) takes one.
template <class T, class Load, class Store>
HWY_INLINE void transform(const Load& load, const Store& store) {
  V half[T::kOut][T::kIn];
  for (int column = 0; column < T::kIn; ++column) {
    V in[T::kIn], out[T::kOut];
    for (int row = 0; row < T::kIn; ++row) in[row] = load(row, column);
    T::apply(in, out);
    for (int row = 0; row < T::kOut; ++row) half[row][column] = out[row];
  }
  for (int row = 0; row < T::kOut; ++row) {
    V out[T::kOut];
    T::apply(half[row], out);
    for (int column = 0; column < T::kOut; ++column) store(row, column, out[column]);
  }
}

// Calls work(index of the tile in the range, its sample, its first row and column) for each tile.
template <class Work>
HWY_INLINE void for_tiles(const Tiling& tiling, const TileRange& range, const Work& work) {
  for (int64_t i = 0; i < range.count; ++i) {
    const int64_t tile = range.first + i, line = tile / tiling.across;
    work(i, line / tiling.down, line % tiling.down * kTile - tiling.padding, tile % tiling.across * kTile - tiling.padding);
  }
}

bool is_inside(const Tiling& tiling, int64_t row, int64_t column) {
  return row >= 0 && row < tiling.height && column >= 0 && column < tiling.width;
}

// Transforms the pixels of each tile.
template <class T, class Stored>
void transform_pixels(const Tiling& tiling, const TileRange& range, const Stored* image, float* out) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t element = element_stride(tiling.channels, range.count), line = tiling.width * tiling.channels;
  for_tiles(tiling, range, [&](int64_t i, int64_t sample, int64_t row, int64_t column) {
    const bool whole = is_inside(tiling, row, column) && is_inside(tiling, row + T::kIn - 1, column + T::kIn - 1);
    const Stored* const from = image + (sample * tiling.height + row) * line + column * tiling.channels + range.panel * kPanel;
    float* const to = out + (range.panel * range.count + i) * kPanel;
    for (int64_t c = 0; c < kPanel; c += lanes) {
      const auto keep = [&](int r, int s, V value) { hn::StoreU(value, d, to + (T::kOut * r + s) * element + c); };
      const auto pixel = [&](int r, int s) { return load(d, from + r * line + s * tiling.channels + c); };
      if (whole) {
        transform<T>(pixel, keep);
      } else {
        transform<T>([&](int r, int s) { return is_inside(tiling, row + r, column + s) ? pixel(r, s) : hn::Zero(d); }, keep);
      }
    }
  });
}

template <class Stored>
void transform_sums(const Tiling& tiling, const TileRange& range, const float* sums, Stored* image) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t element = element_stride(tiling.channels, range.count), line = tiling.width * tiling.channels;
  for_tiles(tiling, range, [&](int64_t i, int64_t sample, int64_t row, int64_t column) {
    Stored* const to = image + (sample * tiling.height + row) * line + column * tiling.channels + range.panel * kPanel;
    const float* const from = sums + (range.panel * range.count + i) * kPanel;
    for (int64_t c = 0; c < kPanel; c += lanes) {
      transform<OfSums>([&](int r, int s) { return hn::LoadU(d, from + (6 * r + s) * element + c); },
                        [&](int r, int s, V value) {
        if (is_inside(tiling, row + r, column + s)) store(value, d, to + r * line + s * tiling.channels + c);
      });
    }
  });
}

template <class Stored>
constexpr ImagePasses<Stored> kImagePasses{.transform_input = transform_pixels<OfInput, Stored>,
                                           .transform_output_gradient = transform_pixels<OfOutputGradient, Stored>,
                                           .transform_sums = transform_sums<Stored>};
ImagePasses<float> float_image_passes() { return kImagePasses<float>; }
ImagePasses<c10::BFloat16> bfloat16_image_passes() { return kImagePasses<c10::BFloat16>; }

void transform_kernels(const float* kernels, const KernelStrides& strides, int64_t inputs, int64_t panel, bool turned,
                       int64_t element, float* to) {
  constexpr int64_t kInputs = 8;  // several at a time: a vector that reads what single values have just written waits for them
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t places[9];
  for (int64_t k = 0; k < 9; ++k) places[turned ? 8 - k : k] = k / 3 * strides.row + k % 3 * strides.column;
  for (int64_t begin = 0; begin < inputs; begin += kInputs) {
    HWY_ALIGN float values[kInputs][9][kPanel];
    const int64_t count = std::min(kInputs, inputs - begin);
    for (int64_t out = 0; out < kPanel; ++out) {
      const float* kernel = kernels + (panel * kPanel + out) * strides.out + begin * strides.in;
      for (int64_t i = 0; i < count; ++i, kernel += strides.in) {
        for (int k = 0; k < 9; ++k) values[i][k][out] = kernel[places[k]];
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      float* const first = to + (begin + i) * kPanel;
      for (int64_t c = 0; c < kPanel; c += lanes) {
        transform<OfKernel>([&](int r, int s) { return hn::Load(d, values[i][3 * r + s] + c); },
                            [&](int r, int s, V value) { hn::StoreU(value, d, first + (6 * r + s) * element + c); });
      }
    }
  }
}

void transform_kernel_gradient(const float* sums, int64_t inputs, int64_t element, int64_t panel, const KernelStrides& strides,
                               float* kernels) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t in = 0; in < inputs; ++in) {
    HWY_ALIGN float values[9][kPanel];
    const float* const first = sums + in * kPanel;
    for (int64_t c = 0; c < kPanel; c += lanes) {
      transform<OfKernelGradient>([&](int r, int s) { return hn::LoadU(d, first + (6 * r + s) * element + c); },
                                  [&](int r, int s, V value) { hn::Store(value, d, values[3 * r + s] + c); });
    }
    for (int64_t out = 0; out < kPanel; ++out) {
      float* const kernel = kernels + (panel * kPanel + out) * strides.out + in * strides.in;
      for (int k = 0; k < 9; ++k) kernel[k / 3 * strides.row + k % 3 * strides.column] = values[k][out];
    }
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(float_image_passes);
HWY_EXPORT(bfloat16_image_passes);
HWY_EXPORT(transform_kernels);
HWY_EXPORT(transform_kernel_gradient);

namespace winograd_cpu {
template <>
ImagePasses<float> image_passes() {
  return HWY_DYNAMIC_DISPATCH(float_image_passes)();
}
template <>
ImagePasses<c10::BFloat16> image_passes() {
  return HWY_DYNAMIC_DISPATCH(bfloat16_image_passes)();
}
void transform_kernels(const float* kernels, const KernelStrides& strides, int64_t inputs, int64_t panel, bool turned,
                       int64_t element, float* to) {
  HWY_DYNAMIC_DISPATCH(transform_kernels)(kernels, strides, inputs, panel, turned, element, to);
}
void transform_kernel_gradient(const float* sums, int64_t inputs, int64_t element, int64_t panel, const KernelStrides& strides,
                               float* kernels) {
  HWY_DYNAMIC_DISPATCH(transform_kernel_gradient)(sums, inputs, element, panel, strides, kernels);
}
}  // namespace winograd_cpu
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
