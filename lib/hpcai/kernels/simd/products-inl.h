// The matrix products of a pass, of float32 or on tile registers; included once for each instruction set (see
// hwy/foreach_target.h), hence no #pragma once.
#if defined(HPCAI_KERNELS_SIMD_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_PRODUCTS_INL_H_
#undef HPCAI_KERNELS_SIMD_PRODUCTS_INL_H_
#else
#define HPCAI_KERNELS_SIMD_PRODUCTS_INL_H_
#endif

#include <hwy/highway.h>

#include <optional>

#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

// Whether products with a matrix of this size are quicker in tiles. They are as quick with 16 x 16 values, and float32 is exact.
inline bool pays_in_tiles(int64_t rows, int64_t columns) { return rows % 16 == 0 && columns % 16 == 0 && rows * columns >= 512; }

// The right matrix of many products [depth, columns], whose rows are `row` apart. It is packed for tiles if it fits them.
class Factor {
 public:
  Factor(const float* values, int64_t row, int64_t depth, int64_t columns, bool in_tiles)
      : values_(values), row_(row), depth_(depth), columns_(columns) {
    if (in_tiles && pays_in_tiles(depth, columns)) packed_.emplace(values, row, depth, columns);
  }
  // Without gaps between the rows.
  Factor(const float* values, int64_t depth, int64_t columns, bool in_tiles)
      : Factor(values, columns, depth, columns, in_tiles) {}

 private:
  friend class Products;
  const float* values_;
  int64_t row_, depth_, columns_;
  std::optional<TileMatrix> packed_;
};

// The products of a thread, which holds its tile registers if they are used.
class Products {
 public:
  explicit Products(bool in_tiles) {
    if (in_tiles) tiles_.emplace();
  }

  // C [rows, columns] = start + A [rows, depth] B
  void multiply(const Left& a, const Factor& b, const Start& start, float* c, int64_t c_row, int64_t rows) {
    if (tiles_ && b.packed_) return tiles_->multiply(a, *b.packed_, start, c, c_row, rows);
    compute({.a = a,
             .b = b.values_,
             .b_row = b.row_,
             .start = start,
             .c = c,
             .c_row = c_row,
             .rows = rows,
             .depth = b.depth_ / a.taps,
             .columns = b.columns_});
  }
  // The same where the rows of C lie without gaps.
  void multiply(const Left& a, const Factor& b, const Start& start, float* c, int64_t rows) {
    multiply(a, b, start, c, b.columns_, rows);
  }

 private:
  std::optional<TileProducts> tiles_;
};

// C [a columns, b columns] += A^T B, a sum over rows that are added in blocks; the rows of C lie without gaps. Products of this
// thread live meanwhile.
class RowSum {
 public:
  RowSum(int64_t a_columns, int64_t b_columns, float* c, bool in_tiles) : a_columns_(a_columns), b_columns_(b_columns), c_(c) {
    if (in_tiles && pays_in_tiles(a_columns, b_columns)) tiles_.emplace(a_columns, b_columns, c);
  }

  // The rows of B are `b_row` apart.
  void add(const Left& a, const float* b, int64_t b_row, int64_t rows) {
    if (tiles_) return tiles_->add(a, b, b_row, rows);
    const int64_t depth = a_columns_ / a.taps;
    for (int64_t tap = 0; tap < a.taps; ++tap) {
      float* const c = c_ + tap * depth * b_columns_;
      add_product({a.data + tap * a.lag, 1, a.row}, b, b_row, c, b_columns_, depth, rows, b_columns_);
    }
  }

  // C is complete.
  void finish() {
    if (tiles_) tiles_->finish();
  }

 private:
  int64_t a_columns_, b_columns_;
  float* c_;
  std::optional<TileSum> tiles_;
};

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
