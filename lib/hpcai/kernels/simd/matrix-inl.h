// A small matrix product on vectors; included once for each instruction set (see hwy/foreach_target.h), hence no
// #pragma once.
#if defined(HPCAI_KERNELS_SIMD_MATRIX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#undef HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#else
#define HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "hpcai/kernels/simd/product.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// C [rows, columns] = start + A [rows, taps depth] B [taps depth, columns]; columns is a multiple of 16.
struct Product {
  Left a;
  const float* b;
  int64_t b_row;
  Start start;
  float* c;
  int64_t c_row;
  int64_t rows, depth, columns;
};

// kRows rows by kVectors vectors from (row, column) on, held in registers over the whole sum.
template <int kRows, int kVectors, bool kTransposed, class D>
HWY_INLINE void compute_tile(D d, const Product& p, int64_t row, int64_t column) {
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int kSharing = 6;  // rows that share a pointer: a pointer for each three makes a tile of 16 rows slower by a third
  hn::Vec<D> sum[kRows][kVectors];
  const float* const start = p.start.data ? p.start.data + row * p.start.row + column : nullptr;
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) sum[i][v] = start ? hn::LoadU(d, start + i * p.start.row + v * kLanes) : hn::Zero(d);
  }
  const int64_t row_step = kTransposed ? 1 : p.a.row, next = kTransposed ? p.a.column : 1;
  const float* HWY_RESTRICT b = p.b + column;
  for (int tap = 0; tap < p.a.taps; ++tap) {
    const float* left[(kRows + kSharing - 1) / kSharing];
    for (int i = 0; i < kRows; i += kSharing) left[i / kSharing] = p.a.data + tap * p.a.lag + (row + i) * row_step;
    for (int64_t k = 0; k < p.depth; ++k, b += p.b_row) {
      hn::Vec<D> right[kVectors];
      for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b + v * kLanes);
      for (int i = 0; i < kRows; ++i) {
        const auto value = hn::Set(d, left[i / kSharing][i % kSharing * row_step]);
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(value, right[v], sum[i][v]);
      }
      for (auto& pointer : left) pointer += next;
    }
  }
  float* const c = p.c + row * p.c_row + column;
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], d, c + i * p.c_row + v * kLanes);
  }
}

// All rows of kVectors vectors of columns.
template <int kRows, int kVectors, bool kTransposed, class D>
HWY_NOINLINE void compute_columns(D d, const Product& p, int64_t column) {
  int64_t row = 0;
  for (; row + kRows <= p.rows; row += kRows) compute_tile<kRows, kVectors, kTransposed>(d, p, row, column);
  for (; row + 4 <= p.rows; row += 4) compute_tile<4, kVectors, kTransposed>(d, p, row, column);
  for (; row + 2 <= p.rows; row += 2) compute_tile<2, kVectors, kTransposed>(d, p, row, column);
  for (; row < p.rows; ++row) compute_tile<1, kVectors, kTransposed>(d, p, row, column);
}

// A tile has up to 24 sums where there are 32 vector registers, and 12 where there are 16. With a row of B and a value of A they
// fill the registers. 16 columns are one vector of AVX-512.
template <bool kTransposed>
void compute(const Product& p) {
  const hn::CappedTag<float, 16> d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  int64_t column = 0;
  if constexpr (kLanes == 16 || HWY_ARCH_ARM_A64) {
    for (int64_t vectors; (vectors = (p.columns - column) / kLanes) >= 2;) {
      const int64_t taken = vectors == 5 ? 3 : std::min<int64_t>(vectors, 4);  // 5 = 3 + 2
      if (taken == 4) compute_columns<6, 4, kTransposed>(d, p, column);
      if (taken == 3) compute_columns<8, 3, kTransposed>(d, p, column);
      if (taken == 2) compute_columns<12, 2, kTransposed>(d, p, column);
      column += taken * kLanes;
    }
    if (column < p.columns) compute_columns<16, 1, kTransposed>(d, p, column);
  } else {
    for (; column < p.columns; column += 2 * kLanes) compute_columns<6, 2, kTransposed>(d, p, column);
  }
}

HWY_INLINE void compute(const Product& p) { return p.a.row == 1 ? compute<true>(p) : compute<false>(p); }

// C = start + A B, where the rows of B and C lie without gaps.
HWY_INLINE void multiply(const Left& a, const float* b, const Start& start, float* c, int64_t rows, int64_t depth,
                         int64_t columns) {
  compute({a, b, columns, start, c, columns, rows, depth, columns});
}

// C += A B
HWY_INLINE void add_product(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows, int64_t depth,
                            int64_t columns) {
  compute({a, b, b_row, {c, c_row}, c, c_row, rows, depth, columns});
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
