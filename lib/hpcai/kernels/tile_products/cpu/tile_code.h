#pragma once

#include <cstdint>

#include "hpcai/kernels/simd/product.h"

// What tile_products.cpp asks of a processor: code for tile registers, or plain code.
namespace hpcai::kernels {

// A tile has 16 rows of 64 bytes: 16 float32, or 32 bfloat16. A left tile has 16 rows and a depth of 32. A right tile has 16
// columns: its row i holds the pair of rows 2 i and 2 i + 1 of each column.
constexpr int64_t kTile = 16, kDepth = 32, kTileSize = kTile * kDepth;

// Some rows of A as bfloat16, `row` apart, the depth filled up with zeros.
struct LeftTiles {
  const uint16_t* data;
  int64_t row;
};

// The tiles of B, those of 16 columns behind each other, with room for `depth` of them.
struct RightTiles {
  const uint16_t* data;
  int64_t depth;

  const uint16_t* at(int64_t k, int64_t column) const { return data + (column / kTile * depth + k) * kTileSize; }
};

// A whole product of packed matrices: C [rows, columns] = A B, or with `add` C += A B. Numbers of columns are multiples of 16.
struct TileProduct {
  LeftTiles a;
  RightTiles b;
  int64_t rows, depth, columns;  // the depth in tiles
  float* c;
  int64_t c_row;
  bool add = false;
};

struct TileCode {
  // Before the first and after the last product of a thread.
  void (*configure)();
  void (*release)();
  // Rounds rows of A, of `depth` values a tap, and fills them up with zeros to out_row values.
  void (*pack_left)(const Left& a, int64_t rows, int64_t depth, uint16_t* out, int64_t out_row);
  // Rounds B [depth, columns] to tiles, for which a column of tiles has room for out_depth of them.
  void (*pack_right)(const float* values, int64_t row, int64_t depth, int64_t columns, uint16_t* out, int64_t out_depth);
  // Rounds the transpose of [rows, columns]: out_row values apart, filled up with zeros to a multiple of 32.
  void (*pack_transposed)(const float* values, int64_t row, int64_t rows, int64_t columns, uint16_t* out, int64_t out_row);
  // For multiples of 16 rows.
  void (*multiply)(const TileProduct& product);
  // C += start
  void (*add_start)(const Start& start, float* c, int64_t c_row, int64_t rows, int64_t columns);
};

TileCode plain_tile_code();
#ifdef __x86_64__
TileCode amx_tile_code();  // only where has_tiles()
#endif

}  // namespace hpcai::kernels
