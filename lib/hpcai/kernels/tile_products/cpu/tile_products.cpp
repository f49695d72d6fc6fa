#include "hpcai/kernels/tile_products/cpu/tile_products.h"

#include <algorithm>
#include <new>
#include <vector>

#include "hpcai/kernels/bfloat16_products.h"
#include "hpcai/kernels/tile_products/cpu/tile_code.h"

namespace hpcai::kernels {
namespace {

int64_t rounded_up(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

Halves halves(int64_t count) {
  Halves room = hwy::AllocateAligned<uint16_t>(static_cast<size_t>(count));
  if (!room) throw std::bad_alloc();
  return room;
}

const TileCode& code() {
#ifdef __x86_64__
  static const TileCode of_machine = has_tiles() ? amx_tile_code() : plain_tile_code();
#else
  static const TileCode of_machine = plain_tile_code();
#endif
  return of_machine;
}

uint16_t* room(Halves& in, int64_t& size, int64_t wanted) {
  if (size < wanted) {
    in = halves(wanted);
    size = wanted;
  }
  return in.get();
}

// The rows behind the last whole tile.
void multiply_rest(TileProduct p, int64_t first) {
  std::vector<float> c(kTile * p.columns);
  float* const out = p.c + first * p.c_row;
  const int64_t rest = p.rows - first, out_row = p.c_row;
  for (int64_t row = 0; p.add && row < rest; ++row) std::copy_n(out + row * out_row, p.columns, c.begin() + row * p.columns);
  p.a.data += first * p.a.row;
  p.rows = kTile;
  p.c = c.data();
  p.c_row = p.columns;
  code().multiply(p);
  for (int64_t row = 0; row < rest; ++row) std::copy_n(c.begin() + row * p.columns, p.columns, out + row * out_row);
}

}  // namespace

bool has_tiles() { return bfloat16_products() == Bfloat16Products::very_quick; }

TileMatrix::TileMatrix(const float* values, int64_t row, int64_t depth, int64_t columns)
    : depth_(depth), columns_(columns), tiles_(halves(rounded_up(depth, kDepth) * columns)) {
  code().pack_right(values, row, depth, columns, tiles_.get(), rounded_up(depth, kDepth) / kDepth);
}

TileRegisters::TileRegisters() { code().configure(); }
TileRegisters::~TileRegisters() { code().release(); }

void TileProducts::multiply(const Left& a, const TileMatrix& b, const Start& start, float* c, int64_t c_row, int64_t rows) {
  const int64_t depth = b.depth(), a_row = rounded_up(depth, kDepth);
  uint16_t* const left = room(left_, left_size_, rounded_up(rows, kTile) * a_row);
  code().pack_left(a, rows, depth / a.taps, left, a_row);
  TileProduct product{.a = {left, a_row},
                      .b = {b.tiles(), a_row / kDepth},
                      .rows = rows,
                      .depth = a_row / kDepth,
                      .columns = b.columns(),
                      .c = c,
                      .c_row = c_row,
                      .add = start.data == c};
  const int64_t whole = rows / kTile * kTile;
  if (whole < rows) multiply_rest(product, whole);
  product.rows = whole;
  code().multiply(product);
  // To start with other tiles than zeros would take longer than this pass.
  if (start.data && !product.add) code().add_start(start, c, c_row, rows, b.columns());
}

TileSum::TileSum(int64_t a_columns, int64_t b_columns, float* c)
    : a_columns_(a_columns),
      b_columns_(b_columns),
      c_(c),
      left_(halves(a_columns * kGathered)),
      right_(halves(kGathered * b_columns)) {}

void TileSum::add(const Left& a, const float* b, int64_t b_row, int64_t rows) {
  if (gathered_ + rows > kGathered) finish();
  const int64_t depth = a_columns_ / a.taps;
  for (int64_t tap = 0; tap < a.taps; ++tap) {
    code().pack_transposed(a.data + tap * a.lag, a.row, rows, depth, left_.get() + tap * depth * kGathered + gathered_,
                           kGathered);
  }
  code().pack_right(b, b_row, rows, b_columns_, right_.get() + gathered_ / kDepth * kTileSize, kGathered / kDepth);
  gathered_ += rounded_up(rows, kDepth);
}

void TileSum::finish() {
  if (gathered_ == 0) return;
  code().multiply({.a = {left_.get(), kGathered},
                   .b = {right_.get(), kGathered / kDepth},
                   .rows = a_columns_,
                   .depth = gathered_ / kDepth,
                   .columns = b_columns_,
                   .c = c_,
                   .c_row = b_columns_,
                   .add = true});
  gathered_ = 0;
}

}  // namespace hpcai::kernels
