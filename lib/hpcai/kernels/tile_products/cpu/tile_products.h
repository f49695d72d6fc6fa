#pragma once

#include <hwy/aligned_allocator.h>

#include <cstdint>

#include "hpcai/kernels/simd/product.h"

// Products of small float32 matrices that round what they multiply to bfloat16 and sum in float32: the twin of
// simd/matrix-inl.h for processors with tile registers (Intel's AMX). Where there are none, or a limit on the instruction set
// forbids them, plain code computes the same up to the order of additions.
namespace hpcai::kernels {

// Whether this process may use tile registers.
bool has_tiles();

using Halves = hwy::AlignedFreeUniquePtr<uint16_t[]>;

// A right matrix [depth, columns], both multiples of 16, as bfloat16 in the order in which tiles read it.
class TileMatrix {
 public:
  // The rows of `values` are `row` apart.
  TileMatrix(const float* values, int64_t row, int64_t depth, int64_t columns);

  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  const uint16_t* tiles() const { return tiles_.get(); }

 private:
  int64_t depth_, columns_;
  Halves tiles_;
};

// The tile registers of this thread, which nothing else may use meanwhile. Nothing where there are none.
class TileRegisters {
 public:
  TileRegisters();
  ~TileRegisters();
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

// The products of a thread.
class TileProducts {
 public:
  // C [rows, columns] = start + A [rows, taps depth] B; the values of a row of A lie side by side.
  void multiply(const Left& a, const TileMatrix& b, const Start& start, float* c, int64_t c_row, int64_t rows);

 private:
  TileRegisters registers_;
  Halves left_;  // the left matrix, which the next product overwrites
  int64_t left_size_ = 0;
};

// C [a columns, b columns] += A^T B, a sum over many rows, which are gathered before they are multiplied.
class TileSum {
 public:
  // Both numbers of columns are multiples of 16; the rows of C lie without gaps.
  TileSum(int64_t a_columns, int64_t b_columns, float* c);

  // Adds at most kGathered rows. The values of a row lie side by side, the rows of B `b_row` apart. The thread holds
  // TileRegisters meanwhile, also for finish().
  static constexpr int64_t kGathered = 256;
  void add(const Left& a, const float* b, int64_t b_row, int64_t rows);

  // C is complete.
  void finish();

 private:
  int64_t a_columns_, b_columns_;
  float* c_;
  Halves left_, right_;
  int64_t gathered_ = 0;
};

}  // namespace hpcai::kernels
