// A small matrix product on vectors; included once for each instruction set (see hwy/foreach_target.h), hence no
// #pragma once.
#if defined(HPCAI_KERNELS_SIMD_MATRIX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#undef HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#else
#define HPCAI_KERNELS_SIMD_MATRIX_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The left matrix of a product. Element (i, k) is data[i * row + k * column], so a transposed matrix needs no copy. The matrices
// here have a few dozen columns and stay in the first cache levels.
struct Left {
  const float* data;
  ptrdiff_t row, column;
};

// kRows rows by kVectors vectors of C += A B, held in registers over the whole sum.
template <int kRows, int kVectors, class D>
HWY_INLINE void add_tile(D d, const Left& a, const float* HWY_RESTRICT b, ptrdiff_t b_row, float* HWY_RESTRICT c, ptrdiff_t c_row,
                         size_t depth) {
  const size_t lanes = hn::Lanes(d);
  hn::Vec<D> sum[kRows][kVectors];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::LoadU(d, c + i * c_row + v * lanes);
  }
  for (size_t k = 0; k < depth; ++k) {
    hn::Vec<D> right[kVectors];
    for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b + k * b_row + v * lanes);
    for (int i = 0; i < kRows; ++i) {
      const auto left = hn::Set(d, a.data[i * a.row + k * a.column]);
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(left, right[v], sum[i][v]);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], d, c + i * c_row + v * lanes);
  }
}

// All rows of kVectors vectors of columns.
template <int kVectors, class D>
HWY_INLINE void add_panel(D d, const Left& a, const float* b, ptrdiff_t b_row, float* c, ptrdiff_t c_row, size_t rows,
                          size_t depth) {
  constexpr size_t kRows = 4;  // with two vectors: eight sums, enough to hide the latency of a multiply-add
  size_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    add_tile<kRows, kVectors>(d, {a.data + i * a.row, a.row, a.column}, b, b_row, c + i * c_row, c_row, depth);
  }
  for (; i < rows; ++i) {
    add_tile<1, kVectors>(d, {a.data + i * a.row, a.row, a.column}, b, b_row, c + i * c_row, c_row, depth);
  }
}

// C [rows, columns] += A [rows, depth] B [depth, columns]; columns is a multiple of 16.
HWY_INLINE void add_product(const Left& a, const float* b, ptrdiff_t b_row, float* c, ptrdiff_t c_row, size_t rows, size_t depth,
                            size_t columns) {
  const hn::CappedTag<float, 16> d;
  const size_t lanes = hn::Lanes(d);
  size_t j = 0;
  for (; j + 2 * lanes <= columns; j += 2 * lanes) add_panel<2>(d, a, b + j, b_row, c + j, c_row, rows, depth);
  for (; j < columns; j += lanes) add_panel<1>(d, a, b + j, b_row, c + j, c_row, rows, depth);
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
