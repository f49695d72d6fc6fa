#include "hpcai/kernels/tile_products/cpu/image_tiles.h"

#include <algorithm>

#include "hpcai/kernels/tile_products/cpu/half.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"
#include "hpcai/kernels/tile_products/cpu/tile_registers.h"

namespace hpcai::kernels::image_tiles {
namespace {

namespace plain {

// Where the value (k, column) of a right tile lies, for k and column in any tile of a panel of two.
int64_t place(int64_t k, int64_t column) {
  return k / kBlock * kStepSize + column / kTile * kTileSize + k % kBlock / 2 * kBlock + column % kTile * 2 + k % 2;
}

void pack_weight(const FloatMatrix& matrix, uint16_t* out) {
  std::fill_n(out, blocks_of(matrix.depth) * kStepSize, uint16_t{0});
  for (int64_t k = 0; k < matrix.depth; ++k) {
    for (int64_t column = 0; column < matrix.columns; ++column) {
      out[place(k, column)] = rounded(matrix.data[k * matrix.depth_step + column * matrix.column_step]);
    }
  }
}

void pack_pairs(const PairedRows& from, int64_t pairs, uint16_t* out, int64_t next) {
  for (int64_t column = 0; column < (from.columns + kTile - 1) / kTile * kTile; ++column) {
    uint16_t* const to = out + column / kTile * next + column % kTile * 2;
    for (int64_t row = 0; row < 2 * pairs; ++row) {
      const bool exists = row < from.rows && column < from.columns;
      to[row / 2 * kBlock + row % 2] = exists ? from.data[row * from.row + column] : 0;
    }
  }
}

void pack_transposed(const uint16_t* data, const int64_t* rows, int64_t columns, uint16_t* out) {
  for (int64_t column = 0; column < kBlock; ++column) {
    for (int64_t i = 0; i < kBlock; ++i) {
      out[column * kBlock + i] = rows[i] == kNowhere || column >= columns ? 0 : data[rows[i] + column];
    }
  }
}

float sum_of(const BlockProduct& p, int64_t row, int64_t column, float sum) {
  const uint16_t* const a = p.a[row / kTile] + row % kTile * p.a_row;
  const uint16_t* const b = p.b[column / kTile] + column % kTile * 2;
  for (int64_t step = 0; step < p.steps; ++step) {
    const uint16_t *const of_a = a + p.a_steps[step], *const of_b = b + p.b_steps[step];
    for (int64_t k = 0; k < kBlock; ++k) sum += widened(of_a[k]) * widened(of_b[k / 2 * kBlock + k % 2]);
  }
  return sum;
}

void multiply(const BlockProduct& p) {
  for (int64_t row = 0; row < (p.two_rows ? kBlock : kTile); ++row) {
    for (int64_t column = 0; column < (p.two_columns ? kBlock : kTile); ++column) {
      float& c = p.c[row * kBlock + column];
      c = sum_of(p, row, column, p.add ? c : 0);
    }
  }
}

void store_rows(const float* block, int64_t count, int64_t columns, const int64_t* rows, bool add, uint16_t* out) {
  for (int64_t row = 0; row < count; ++row) {
    if (rows[row] == kNowhere) continue;
    uint16_t* const to = out + rows[row];
    for (int64_t i = 0; i < columns; ++i) to[i] = rounded(block[row * kBlock + i] + (add ? widened(to[i]) : 0));
  }
}

}  // namespace plain

#ifdef HPCAI_TILE_CODE
namespace amx {

using kernels::amx::as_pairs, kernels::amx::both_rounded, kernels::amx::transpose;

// The first `count` of 16 lanes, or 32.
inline __mmask16 lanes(int64_t count) { return static_cast<__mmask16>(count >= 16 ? 0xFFFF : count <= 0 ? 0 : (1 << count) - 1); }
inline __mmask32 wide_lanes(int64_t count) { return count >= 32 ? 0xFFFFFFFFU : count <= 0 ? 0U : (1U << count) - 1; }

// `count` values that lie `step` apart, and zeros.
HPCAI_TILE_CODE inline __m512 load(const float* from, int64_t step, int64_t count) {
  if (step == 1) return _mm512_maskz_loadu_ps(lanes(count), from);
  const __m512i numbers = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i offsets = _mm512_mullo_epi32(numbers, _mm512_set1_epi32(static_cast<int>(step)));
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), lanes(count), offsets, from, 4);
}

// A tile of the matrix from (k, column) on, read along its columns or along its depth.
HPCAI_TILE_CODE void pack_tile_of_rows(const FloatMatrix& m, int64_t k, int64_t column, uint16_t* out) {
  const int64_t columns = m.columns - column;
  for (int64_t i = 0; i < kTile; ++i, k += 2) {
    const float* const from = m.data + k * m.depth_step + column * m.column_step;
    const __m512 even = load(from, m.column_step, k < m.depth ? columns : 0);
    const __m512 odd = load(from + m.depth_step, m.column_step, k + 1 < m.depth ? columns : 0);
    _mm512_store_si512(out + i * kBlock, as_pairs(both_rounded(even, odd)));
  }
}
HPCAI_TILE_CODE void pack_tile_of_columns(const FloatMatrix& m, int64_t k, int64_t column, uint16_t* out) {
  __m512i values[kTile];
  for (int64_t i = 0; i < kTile; ++i) {
    const float* const from = m.data + k * m.depth_step + (column + i) * m.column_step;
    const int64_t depth = column + i < m.columns ? m.depth - k : 0;
    values[i] = both_rounded(load(from, m.depth_step, depth), load(from + kTile * m.depth_step, m.depth_step, depth - kTile));
  }
  transpose(values);
  for (int64_t i = 0; i < kTile; ++i) _mm512_store_si512(out + i * kBlock, values[i]);
}

HPCAI_TILE_CODE void pack_weight(const FloatMatrix& matrix, uint16_t* out) {
  for (int64_t k = 0; k < matrix.depth; k += kBlock) {
    for (int64_t column = 0; column < kBlock; column += kTile, out += kTileSize) {
      matrix.column_step <= matrix.depth_step ? pack_tile_of_rows(matrix, k, column, out)
                                              : pack_tile_of_columns(matrix, k, column, out);
    }
  }
}

HPCAI_TILE_CODE inline __m256i load_half(const uint16_t* from, __mmask16 mask) { return _mm256_maskz_loadu_epi16(mask, from); }

HPCAI_TILE_CODE inline __m512i paired(const uint16_t* even, __mmask16 of_even, const uint16_t* odd, __mmask16 of_odd) {
  return as_pairs(_mm512_inserti64x4(_mm512_castsi256_si512(load_half(even, of_even)), load_half(odd, of_odd), 1));
}

HPCAI_TILE_CODE void pack_pairs(const PairedRows& from, int64_t pairs, uint16_t* out, int64_t next) {
  constexpr int64_t kPairs = 16;  // whose rows stay in the first cache level for all columns
  for (int64_t first = 0; first < pairs; first += kPairs) {
    for (int64_t column = 0; column < from.columns; column += kTile) {
      const __mmask16 mask = lanes(from.columns - column);
      uint16_t* const to = out + column / kTile * next;
      for (int64_t i = first; i < std::min(pairs, first + kPairs); ++i) {
        const uint16_t* const even = from.data + 2 * i * from.row + column;
        const __m512i pair = paired(even, 2 * i < from.rows ? mask : 0, even + from.row, 2 * i + 1 < from.rows ? mask : 0);
        _mm512_store_si512(to + i * kBlock, pair);
      }
    }
  }
}

HPCAI_TILE_CODE void pack_transposed(const uint16_t* data, const int64_t* rows, int64_t columns, uint16_t* out) {
  const auto mask_of = [](int64_t row, __mmask16 mask) { return row == kNowhere ? __mmask16{0} : mask; };
  for (int64_t column = 0; column < kBlock; column += kTile, out += kTileSize) {
    const __mmask16 mask = lanes(columns - column);
    __m512i pairs[kTile];
    for (int64_t i = 0; i < kTile; ++i) {
      const int64_t even = rows[2 * i], odd = rows[2 * i + 1];
      pairs[i] = paired(data + even + column, mask_of(even, mask), data + odd + column, mask_of(odd, mask));
    }
    transpose(pairs);
    for (int64_t i = 0; i < kTile; ++i) _mm512_store_si512(out + i * kBlock, pairs[i]);
  }
}

// Tiles 0 to 3 are of C. Tiles 4 and 5 are of A, 6 and 7 of B.
template <bool kTwoRows, bool kTwoColumns>
HPCAI_TILE_CODE void multiply_tiles(const BlockProduct& p) {
  constexpr int64_t kBytes = kBlock * sizeof(float), kBelow = kTile * kBlock;
  const int64_t a_bytes = p.a_row * 2;
  if (p.add) {
    _tile_loadd(0, p.c, kBytes);
    if constexpr (kTwoColumns) _tile_loadd(1, p.c + kTile, kBytes);
    if constexpr (kTwoRows) _tile_loadd(2, p.c + kBelow, kBytes);
    if constexpr (kTwoRows && kTwoColumns) _tile_loadd(3, p.c + kBelow + kTile, kBytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t step = 0; step < p.steps; ++step) {
    const int64_t of_a = p.a_steps[step], of_b = p.b_steps[step];
    // All loads come first: a core that works for two threads overlaps them better with the products before.
    _tile_loadd(4, p.a[0] + of_a, a_bytes);
    _tile_loadd(6, p.b[0] + of_b, 64);
    if constexpr (kTwoColumns) _tile_loadd(7, p.b[1] + of_b, 64);
    if constexpr (kTwoRows) _tile_loadd(5, p.a[1] + of_a, a_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kTwoColumns) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTwoRows) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kTwoRows && kTwoColumns) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, p.c, kBytes);
  if constexpr (kTwoColumns) _tile_stored(1, p.c + kTile, kBytes);
  if constexpr (kTwoRows) _tile_stored(2, p.c + kBelow, kBytes);
  if constexpr (kTwoRows && kTwoColumns) _tile_stored(3, p.c + kBelow + kTile, kBytes);
}

void multiply(const BlockProduct& p) {
  kernels::amx::stores_are_done();
  if (p.two_rows) return p.two_columns ? multiply_tiles<true, true>(p) : multiply_tiles<true, false>(p);
  p.two_columns ? multiply_tiles<false, true>(p) : multiply_tiles<false, false>(p);
}

// The sum of 16 float32 values and 16 of a bfloat16 row, whose others count as zeros.
HPCAI_TILE_CODE inline __m512 with_row(__m512 values, const uint16_t* row, __mmask16 mask) {
  const __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(load_half(row, mask)), 16);
  return _mm512_add_ps(values, _mm512_castsi512_ps(wide));
}

HPCAI_TILE_CODE void store_rows(const float* block, int64_t count, int64_t columns, const int64_t* rows, bool add,
                                uint16_t* out) {
  for (int64_t row = 0; row < count; ++row, block += kBlock) {
    if (rows[row] == kNowhere) continue;
    uint16_t* const to = out + rows[row];
    __m512 first = _mm512_loadu_ps(block), second = _mm512_loadu_ps(block + kTile);
    if (add) {
      first = with_row(first, to, lanes(columns));
      second = with_row(second, to + kTile, lanes(columns - kTile));
    }
    _mm512_mask_storeu_epi16(to, wide_lanes(columns), both_rounded(first, second));
  }
}

}  // namespace amx
#endif

// The code of this machine.
struct Code {
  void (*pack_weight)(const FloatMatrix&, uint16_t*) = plain::pack_weight;
  void (*pack_pairs)(const PairedRows&, int64_t, uint16_t*, int64_t) = plain::pack_pairs;
  void (*pack_transposed)(const uint16_t*, const int64_t*, int64_t, uint16_t*) = plain::pack_transposed;
  void (*multiply)(const BlockProduct&) = plain::multiply;
  void (*store_rows)(const float*, int64_t, int64_t, const int64_t*, bool, uint16_t*) = plain::store_rows;
};

Code find_code() {
#ifdef HPCAI_TILE_CODE
  if (has_tiles()) {
    return {amx::pack_weight, amx::pack_pairs, amx::pack_transposed, amx::multiply, amx::store_rows};
  }
#endif
  return {};
}

const Code& code() {
  static const Code found = find_code();
  return found;
}

}  // namespace

void pack_weight(const FloatMatrix& matrix, uint16_t* out) { code().pack_weight(matrix, out); }

void pack_pairs(const PairedRows& from, int64_t pairs, uint16_t* out, int64_t next) { code().pack_pairs(from, pairs, out, next); }

void pack_transposed(const uint16_t* data, const int64_t* rows, int64_t columns, uint16_t* out) {
  code().pack_transposed(data, rows, columns, out);
}

void multiply(const BlockProduct& product) { code().multiply(product); }

void store_rows(const float* block, int64_t count, int64_t columns, const int64_t* rows, bool add, uint16_t* out) {
  code().store_rows(block, count, columns, rows, add, out);
}

}  // namespace hpcai::kernels::image_tiles
