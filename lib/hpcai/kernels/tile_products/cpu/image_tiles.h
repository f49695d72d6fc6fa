#pragma once

#include <cstdint>

// Products of bfloat16 rows in tiles, with sums in float32: the pieces of which convolutions of images are made. A block is 32 x
// 32 results, in 2 x 2 tiles, and a step adds 32 products to each of them. The thread holds TileRegisters meanwhile. Without tile
// registers plain code computes the same up to the order of additions.
namespace hpcai::kernels::image_tiles {

inline constexpr int64_t kTile = 16;                  // rows or columns of a tile
inline constexpr int64_t kBlock = 32;                 // rows or columns of a block, and the depth of a step
inline constexpr int64_t kTileSize = kTile * kBlock;  // values of a tile of bfloat16: 16 rows, or 16 columns in pairs of rows
inline constexpr int64_t kStepSize = 2 * kTileSize;
inline constexpr int64_t kNowhere = -1;

inline int64_t blocks_of(int64_t count) { return (count + kBlock - 1) / kBlock; }

// A float32 matrix [depth, columns] of any strides.
struct FloatMatrix {
  const float* data;
  int64_t depth_step, column_step, depth, columns;
};

// A right matrix of at most 32 columns, rounded: blocks_of(depth) steps, each of them two tiles. Filled up with zeros.
void pack_weight(const FloatMatrix& matrix, uint16_t* out);

// Pairs of rows: for each 16 of `columns` columns a right tile without an end, whose row i holds rows 2 i and 2 i + 1. There are
// `rows` rows, `row` apart, and zeros behind them up to `pairs` pairs. The tiles of the next 16 columns begin `next` behind.
struct PairedRows {
  const uint16_t* data;
  int64_t row, rows, columns;
};
void pack_pairs(const PairedRows& from, int64_t pairs, uint16_t* out, int64_t next);

// The transpose of 32 rows of `columns` columns, at most 32, as two left tiles. Row i begins at data + rows[i], and has zeros if
// that is kNowhere.
void pack_transposed(const uint16_t* data, const int64_t* rows, int64_t columns, uint16_t* out);

// A block c [32, 32] of products, in which 16 rows or columns may be left out: sums over steps of left and right tiles. The first
// 16 rows of A at step k begin at a[0] + a_steps[k], and the tile of the first 16 columns of B at b[0] + b_steps[k].
struct BlockProduct {
  const uint16_t* a[2];
  int64_t a_row;
  const uint16_t* b[2];
  const int64_t *a_steps, *b_steps;
  int64_t steps;
  bool two_rows, two_columns;
  bool add;  // to what is there
  float* c;
};
void multiply(const BlockProduct& product);

// Rows of a block, rounded to bfloat16, or with `add` the sum with what is there: row i begins at out + rows[i], and is left out
// if that is kNowhere.
void store_rows(const float* block, int64_t count, int64_t columns, const int64_t* rows, bool add, uint16_t* out);

}  // namespace hpcai::kernels::image_tiles
