#pragma once

#include <cstdint>

namespace hpcai::kernels {

// A matrix product whose right matrix lies in panels of 16 columns, [columns / 16][depth][16]. So each step of the sum reads one
// line of memory, and a panel stays in the first cache level for all rows. The loops are those of a matrix product on 16 vector
// registers; LibTorch's own product copies both matrices in each call, and reaches three quarters of this speed on AMD CPUs.

inline constexpr int64_t kPanel = 16;

constexpr int64_t panels_of(int64_t channels) { return (channels + kPanel - 1) / kPanel; }

// The left matrix, whose rows or whose depth may be cut into blocks. The distances are in floats.
struct LeftMatrix {
  const float* data;
  int64_t row, k;              // distance between two neighbours within a block
  int64_t row_block, k_block;  // rows, and depth, of a block
  int64_t next_rows, next_ks;  // distance between two blocks of rows, and of depth
};

// out(row, column) = sum over k of left(row, k) right(k, column), with `add` added to what out holds. Columns [first, end) are
// computed; first is a multiple of 16, end one of 8. Rows and depth are multiples of their blocks.
struct PackedProduct {
  LeftMatrix left;
  const float* right;
  int64_t right_panel;  // distance between two panels of right, in floats
  float* out;
  int64_t out_row, out_panel;  // distance between two rows of out, and between two panels of 16 columns
  int64_t rows, depth, first, end;
  bool add;
};
void multiply(const PackedProduct& product);

// Panel `panel` of a right matrix, [depth][16], of the matrix whose element (k, column) is from[k * k_step + column *
// column_step]; one of the two steps is 1. Columns from `columns` on are 0.
struct PanelSource {
  const float* from;
  int64_t k_step, column_step;
  int64_t depth, columns;
};
void pack_panel(const PanelSource& source, int64_t panel, float* to);

}  // namespace hpcai::kernels
