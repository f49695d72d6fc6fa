#include <algorithm>

#include "hpcai/kernels/tile_products/cpu/half.h"
#include "hpcai/kernels/tile_products/cpu/tile_code.h"

namespace hpcai::kernels {
namespace {

void pack_left(const Left& a, int64_t rows, int64_t depth, uint16_t* out, int64_t out_row) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t tap = 0; tap < a.taps; ++tap) {
      for (int64_t k = 0; k < depth; ++k) out[row * out_row + tap * depth + k] = rounded(a.data[row * a.row + tap * a.lag + k]);
    }
    std::fill(out + row * out_row + a.taps * depth, out + (row + 1) * out_row, uint16_t{0});
  }
}

void pack_right(const float* values, int64_t row, int64_t depth, int64_t columns, uint16_t* out, int64_t out_depth) {
  for (int64_t k = 0; k < (depth + kDepth - 1) / kDepth * kDepth; ++k) {
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t tile = column / kTile * out_depth + k / kDepth;
      uint16_t& half = out[tile * kTileSize + k % kDepth / 2 * kDepth + column % kTile * 2 + k % 2];
      half = k < depth ? rounded(values[k * row + column]) : 0;
    }
  }
}

void pack_transposed(const float* values, int64_t row, int64_t rows, int64_t columns, uint16_t* out, int64_t out_row) {
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t i = 0; i < (rows + kDepth - 1) / kDepth * kDepth; ++i) {
      out[column * out_row + i] = i < rows ? rounded(values[i * row + column]) : 0;
    }
  }
}

void multiply(const TileProduct& p) {
  for (int64_t row = 0; row < p.rows; ++row) {
    for (int64_t column = 0; column < p.columns; ++column) {
      float& c = p.c[row * p.c_row + column];
      float sum = p.add ? c : 0;
      for (int64_t k = 0; k < p.depth * kDepth; ++k) {
        const uint16_t* const tile = p.b.at(k / kDepth, column);
        sum += widened(p.a.data[row * p.a.row + k]) * widened(tile[k % kDepth / 2 * kDepth + column % kTile * 2 + k % 2]);
      }
      c = sum;
    }
  }
}

void add_start(const Start& start, float* c, int64_t c_row, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) c[row * c_row + column] += start.data[row * start.row + column];
  }
}

}  // namespace

TileCode plain_tile_code() {
  return {[] {}, [] {}, pack_left, pack_right, pack_transposed, multiply, add_start};
}

}  // namespace hpcai::kernels
