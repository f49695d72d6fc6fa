// Operations on blocks of rows [rows, channels] with one value a channel; included once for each instruction set (see
// hwy/foreach_target.h), hence no #pragma once.
#if defined(HPCAI_KERNELS_SIMD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_ROWS_INL_H_
#undef HPCAI_KERNELS_SIMD_ROWS_INL_H_
#else
#define HPCAI_KERNELS_SIMD_ROWS_INL_H_
#endif

#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#include <algorithm>
#include <new>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"
#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/storage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using namespace stack;

// Channels and gates are multiples of 16.
using Tag = hn::CappedTag<float, 16>;

// Room for values that nobody has written yet, on a boundary of cache lines.
using Scratch = hwy::AlignedFreeUniquePtr<float[]>;
inline Scratch scratch(int64_t values) {
  Scratch room = hwy::AllocateAligned<float>(static_cast<size_t>(values));
  if (!room) throw std::bad_alloc();
  return room;
}
inline Scratch zeros(int64_t values) {
  Scratch room = scratch(values);
  std::fill_n(room.get(), values, 0.0f);
  return room;
}

// Calls work(index of a value, its channel) for each whole vector of [rows, channels].
template <class Work>
HWY_INLINE void for_vectors(int64_t rows, int64_t channels, const Work& work) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Tag()));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < channels; c += lanes) work(row * channels + c, c);
  }
}

// Calls work(values) with a pointer of the type in which they are stored.
template <class Work>
HWY_INLINE decltype(auto) with_type(const StoredValues& values, const Work& work) {
  if (values.is_half) return work(static_cast<const c10::BFloat16*>(values.data));
  return work(static_cast<const float*>(values.data));
}
template <class Work>
HWY_INLINE decltype(auto) with_type(const StoredResult& values, const Work& work) {
  if (values.is_half) return work(static_cast<c10::BFloat16*>(values.data));
  return work(static_cast<float*>(values.data));
}

// relu(norm(v)) of the vector of values at index i, whose first channel is c.
template <class T>
HWY_INLINE hn::Vec<Tag> activated(const T* values, const Norm& norm, int64_t i, int64_t c) {
  const Tag d;
  const auto y = hn::MulAdd(hn::LoadU(d, norm.scale + c), load(d, values + i), hn::LoadU(d, norm.shift + c));
  return relu(d, y);
}

// out = relu(norm(values)), [rows, channels].
template <class T>
HWY_INLINE void activate_rows(const T* values, const Norm& norm, float* out, int64_t rows, int64_t channels) {
  const Tag d;
  for_vectors(rows, channels, [&](int64_t i, int64_t c) { hn::StoreU(activated(values, norm, i, c), d, out + i); });
}

// x of steps [begin, end) of a chunk's sample, zeros where they lie outside the sample or are not needed. `a` points to all rows.
HWY_INLINE Scratch activate_steps(const StoredValues& a, const Norm& norm, const Sizes& sizes, const Chunk& chunk, int64_t begin,
                                  int64_t end) {
  const int64_t channels = sizes.channels, from = std::max(begin, sizes.first_in), to = std::min(end, sizes.steps);
  Scratch x = scratch((end - begin) * channels);
  std::fill_n(x.get(), (from - begin) * channels, 0.0f);
  with_type(a, [&](auto* values) {
    const int64_t first = (chunk.row + from - chunk.begin) * channels;
    activate_rows(values + first, norm, x.get() + (from - begin) * channels, to - from, channels);
  });
  std::fill_n(x.get() + (to - begin) * channels, (end - to) * channels, 0.0f);
  return x;
}

// dv = scale (dy - mean_grad - (v - mean) inverse mean_product)
template <class T>
HWY_INLINE hn::Vec<Tag> norm_gradient(hn::Vec<Tag> dy, const T* values, const Norm& norm, const NormGradient& gradient, int64_t i,
                                      int64_t c) {
  const Tag d;
  const auto normal = hn::Mul(hn::Sub(load(d, values + i), hn::LoadU(d, norm.mean + c)), hn::LoadU(d, norm.inverse + c));
  const auto inner =
      hn::NegMulAdd(normal, hn::LoadU(d, gradient.mean_product + c), hn::Sub(dy, hn::LoadU(d, gradient.mean_grad + c)));
  return hn::Mul(hn::LoadU(d, norm.scale + c), inner);
}

// total = sums over rows; term(row, sums) adds the terms of one row. There are four chains of additions, because an addition
// takes several cycles.
template <int kSums, class Term>
HWY_INLINE void sum_rows(int64_t rows, hn::Vec<Tag> (&total)[kSums], const Term& term) {
  const Tag d;
  hn::Vec<Tag> chains[4][kSums];
  for (auto& chain : chains) {
    for (auto& sum : chain) sum = hn::Zero(d);
  }
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    for (int i = 0; i < 4; ++i) term(row + i, chains[i]);
  }
  for (; row < rows; ++row) term(row, chains[0]);
  for (int i = 0; i < kSums; ++i) {
    total[i] = hn::Add(hn::Add(chains[0][i], chains[1][i]), hn::Add(chains[2][i], chains[3][i]));
  }
}

// Stores rows of a block as rows of an array from value `first` on, and leaves in the block what is stored.
HWY_INLINE void store_rows(float* block, int64_t rows, int64_t channels, const StoredResult& to, int64_t first) {
  const Tag d;
  if (!to.is_half) {
    std::copy_n(block, rows * channels, static_cast<float*>(to.data) + first);
    return;
  }
  auto* const out = static_cast<c10::BFloat16*>(to.data) + first;
  for_vectors(rows, channels, [&](int64_t i, int64_t) {
    store(hn::LoadU(d, block + i), d, out + i);
    hn::StoreU(load(d, out + i), d, block + i);
  });
}

// Rounds values, a multiple of 16, to bfloat16.
HWY_INLINE void round_values(float* values, int64_t count) {
  const Tag d;
  HWY_ALIGN c10::BFloat16 halves[16];
  for (int64_t i = 0; i < count; i += static_cast<int64_t>(hn::Lanes(d))) {
    store(hn::LoadU(d, values + i), d, halves);
    hn::StoreU(load(d, halves), d, values + i);
  }
}

// Adds the rows of a block to `moments`: first the block's own in float32, then both are combined in float64 (Chan, Golub,
// LeVeque 1979).
HWY_INLINE void add_moments(const float* block, int64_t rows, int64_t channels, const ChannelMoments& moments) {
  const Tag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto n = static_cast<double>(rows);
  const double total = *moments.count + n;
  HWY_ALIGN float mean[16], squares[16];
  for (int64_t c = 0; c < channels; c += lanes) {
    hn::Vec<Tag> sum[1], rest_and_square[2];
    sum_rows(rows, sum, [&](int64_t row, auto* sums) { sums[0] = hn::Add(sums[0], hn::LoadU(d, block + row * channels + c)); });
    const auto centre = hn::Mul(sum[0], hn::Set(d, 1.0f / static_cast<float>(rows)));
    sum_rows(rows, rest_and_square, [&](int64_t row, auto* sums) {
      const auto deviation = hn::Sub(hn::LoadU(d, block + row * channels + c), centre);
      sums[0] = hn::Add(sums[0], deviation);
      sums[1] = hn::MulAdd(deviation, deviation, sums[1]);
    });
    hn::StoreU(hn::MulAdd(rest_and_square[0], hn::Set(d, 1.0f / static_cast<float>(rows)), centre), d, mean);
    hn::StoreU(rest_and_square[1], d, squares);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const double shift = mean[lane] - moments.mean[c + lane];
      moments.mean[c + lane] += shift * n / total;
      moments.squared_deviations[c + lane] += squares[lane] + shift * shift * *moments.count * n / total;
    }
  }
  *moments.count = total;
}

// Adds sums over rows of dy and dy (v - mean) inverse.
template <class T>
HWY_INLINE void add_gradient_sums(const float* dy, const T* values, const Norm& norm, int64_t rows, int64_t channels,
                                  const GradientSums& sums) {
  const Tag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN float grad[16], product[16];
  for (int64_t c = 0; c < channels; c += lanes) {
    const auto mean = hn::LoadU(d, norm.mean + c);
    hn::Vec<Tag> total[2];
    sum_rows(rows, total, [&](int64_t row, auto* terms) {
      const auto v = hn::LoadU(d, dy + row * channels + c);
      terms[0] = hn::Add(terms[0], v);
      terms[1] = hn::MulAdd(v, hn::Sub(load(d, values + row * channels + c), mean), terms[1]);
    });
    hn::StoreU(total[0], d, grad);
    hn::StoreU(hn::Mul(total[1], hn::LoadU(d, norm.inverse + c)), d, product);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      sums.grad[c + lane] += grad[lane];
      sums.product[c + lane] += product[lane];
    }
  }
}

// Adds the sum over rows to out [channels]; the rows of values are `stride` apart.
HWY_INLINE void add_column_sums(const float* values, int64_t stride, int64_t rows, int64_t channels, float* out) {
  const Tag d;
  for (int64_t c = 0; c < channels; c += static_cast<int64_t>(hn::Lanes(d))) {
    hn::Vec<Tag> sum[1];
    sum_rows(rows, sum, [&](int64_t row, auto* sums) { sums[0] = hn::Add(sums[0], hn::LoadU(d, values + row * stride + c)); });
    hn::StoreU(hn::Add(hn::LoadU(d, out + c), sum[0]), d, out + c);
  }
}

// Rows [row, row + rows) of a layer's source: a part of the network's input, or x + z of the layer before, in `sums`.
HWY_INLINE const float* source_rows(const Source& source, int64_t row, int64_t rows, int64_t channels, float* sums) {
  if (source.input) return source.input + row * source.width;
  const Tag d;
  const int64_t first = row * channels;
  if (source.marked_sums) {
    with_type(source.marked_sums, [&](auto* marked) {
      for_vectors(rows, channels, [&](int64_t i, int64_t) { hn::StoreU(hn::Abs(load(d, marked + first + i)), d, sums + i); });
    });
    return sums;
  }
  with_type(source.a, [&](auto* values) {
    const auto *a = values + first, *p = static_cast<decltype(values)>(source.p.data) + first;
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      hn::StoreU(hn::Add(activated(a, source.a_norm, i, c), activated(p, source.p_norm, i, c)), d, sums + i);
    });
  });
  return sums;
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
