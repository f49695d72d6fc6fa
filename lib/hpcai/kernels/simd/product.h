#pragma once

#include <cstdint>

namespace hpcai::kernels {

// The left matrix of a product. Element (i, k) is data[i * row + k * column], so a transposed matrix needs no copy. `row` or
// `column` is 1. The matrices here have a few dozen columns and stay in the first cache levels. With two taps the matrix is that
// of `data` and, to the right of it, the one that lies `lag` behind.
struct Left {
  const float* data;
  int64_t row, column;
  int taps = 1;
  int64_t lag = 0;
};

// What a product starts from: rows of C, `row` apart, so 0 repeats one row. No data: zeros.
struct Start {
  const float* data = nullptr;
  int64_t row = 0;
};

}  // namespace hpcai::kernels
