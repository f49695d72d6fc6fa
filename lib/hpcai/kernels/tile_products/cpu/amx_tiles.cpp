#include "hpcai/kernels/tile_products/cpu/tile_code.h"
#include "hpcai/kernels/tile_products/cpu/tile_registers.h"

#ifdef HPCAI_TILE_CODE
namespace hpcai::kernels {
namespace {

// `depth` values of a row, a multiple of 16; 32 at a time.
HPCAI_TILE_CODE inline void pack_row(const float* from, int64_t depth, uint16_t* to) {
  for (; depth >= kDepth; depth -= kDepth, from += kDepth, to += kDepth) {
    _mm512_storeu_si512(to, amx::both_rounded(_mm512_loadu_ps(from), _mm512_loadu_ps(from + kTile)));
  }
  if (depth > 0) {
    const __m256bh half = _mm512_cvtneps_pbh(_mm512_loadu_ps(from));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<const __m256i&>(half));
  }
}

// Two taps of 16 values are one row of a tile.
HPCAI_TILE_CODE inline void pack_two_taps(const float* first, const float* second, int64_t row, int64_t rows, uint16_t* out) {
  for (int64_t i = 0; i < rows; ++i) {
    const __m512i both = amx::both_rounded(_mm512_loadu_ps(first + i * row), _mm512_loadu_ps(second + i * row));
    _mm512_storeu_si512(out + i * kDepth, both);
  }
}

// One tap of 16 values and zeros.
HPCAI_TILE_CODE inline void pack_half(const float* from, int64_t row, int64_t rows, uint16_t* out) {
  for (int64_t i = 0; i < rows; ++i) {
    _mm512_storeu_si512(out + i * kDepth, amx::both_rounded(_mm512_loadu_ps(from + i * row), _mm512_setzero_ps()));
  }
}

HPCAI_TILE_CODE void pack_left(const Left& a, int64_t rows, int64_t depth, uint16_t* out, int64_t out_row) {
  if (depth == kTile && a.taps == 2) return pack_two_taps(a.data, a.data + a.lag, a.row, rows, out);
  if (depth == kTile && a.taps == 1) return pack_half(a.data, a.row, rows, out);
  const int64_t row = a.row, lag = a.lag, taps = a.taps;
  const float* from = a.data;
  for (int64_t i = 0; i < rows; ++i, from += row, out += out_row) {
    for (int64_t tap = 0; tap < taps; ++tap) pack_row(from + tap * lag, depth, out + tap * depth);
    if (taps * depth < out_row) _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + taps * depth), _mm256_setzero_si256());
  }
}

// 16 values of two rows, paired.
HPCAI_TILE_CODE inline __m512i paired(const float* even, const float* odd) {
  const __m512 second = odd ? _mm512_loadu_ps(odd) : _mm512_setzero_ps();
  return amx::as_pairs(amx::both_rounded(_mm512_loadu_ps(even), second));
}

// Rows 2 i and 2 i + 1 of `rows`, zeros behind the last.
HPCAI_TILE_CODE inline __m512i paired(const float* values, int64_t row, int64_t i, int64_t rows) {
  if (2 * i >= rows) return _mm512_setzero_si512();
  return paired(values + 2 * i * row, 2 * i + 1 < rows ? values + (2 * i + 1) * row : nullptr);
}

HPCAI_TILE_CODE void pack_right(const float* values, int64_t row, int64_t depth, int64_t columns, uint16_t* out,
                                int64_t out_depth) {
  for (int64_t k = 0; k < depth; k += kDepth) {
    for (int64_t column = 0; column < columns; column += kTile) {
      uint16_t* const tile = out + (column / kTile * out_depth + k / kDepth) * kTileSize;
      const float* const from = values + k * row + column;
      if (depth - k >= kDepth) {
        for (int64_t i = 0; i < kTile; ++i)
          _mm512_store_si512(tile + i * kDepth, paired(from + 2 * i * row, from + (2 * i + 1) * row));
      } else {
        for (int64_t i = 0; i < kTile; ++i) _mm512_store_si512(tile + i * kDepth, paired(from, row, i, depth - k));
      }
    }
  }
}

HPCAI_TILE_CODE void pack_transposed(const float* values, int64_t row, int64_t rows, int64_t columns, uint16_t* out,
                                     int64_t out_row) {
  for (int64_t k = 0; k < rows; k += kDepth) {
    for (int64_t column = 0; column < columns; column += kTile) {
      __m512i pairs[kTile];
      const float* const from = values + k * row + column;
      if (rows - k >= kDepth) {
        for (int64_t i = 0; i < kTile; ++i) pairs[i] = paired(from + 2 * i * row, from + (2 * i + 1) * row);
      } else {
        for (int64_t i = 0; i < kTile; ++i) pairs[i] = paired(from, row, i, rows - k);
      }
      amx::transpose(pairs);
      for (int64_t i = 0; i < kTile; ++i) _mm512_store_si512(out + (column + i) * out_row + k, pairs[i]);
    }
  }
}

// kRows by kColumns tiles of C from (row, column) on: tiles 0 to 3. Tiles 4 and 5 are of A, 6 and 7 of B.
template <int kRows, int kColumns>
HPCAI_TILE_CODE inline void multiply_tiles(const TileProduct& p, int64_t row, int64_t column) {
  const int64_t c_bytes = p.c_row * 4, a_bytes = p.a.row * 2;
  float* const c = p.c + row * p.c_row + column;
  if (p.add) {
    _tile_loadd(0, c, c_bytes);
    if constexpr (kColumns > 1) _tile_loadd(1, c + kTile, c_bytes);
    if constexpr (kRows > 1) _tile_loadd(2, c + kTile * p.c_row, c_bytes);
    if constexpr (kRows > 1 && kColumns > 1) _tile_loadd(3, c + kTile * p.c_row + kTile, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const uint16_t* a = p.a.data + row * p.a.row;
  const uint16_t* const b = p.b.at(0, column);
  for (int64_t k = 0; k < p.depth; ++k, a += kDepth) {
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(6, b + k * kTileSize, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kColumns > 1) {
      _tile_loadd(7, b + (p.b.depth + k) * kTileSize, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kRows > 1) {
      _tile_loadd(5, a + kTile * p.a.row, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kRows > 1 && kColumns > 1) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  if constexpr (kColumns > 1) _tile_stored(1, c + kTile, c_bytes);
  if constexpr (kRows > 1) _tile_stored(2, c + kTile * p.c_row, c_bytes);
  if constexpr (kRows > 1 && kColumns > 1) _tile_stored(3, c + kTile * p.c_row + kTile, c_bytes);
}

template <int kColumns>
HPCAI_TILE_CODE void multiply_columns(const TileProduct& p, int64_t column) {
  int64_t row = 0;
  for (; row + 2 * kTile <= p.rows; row += 2 * kTile) multiply_tiles<2, kColumns>(p, row, column);
  for (; row < p.rows; row += kTile) multiply_tiles<1, kColumns>(p, row, column);
}

// For multiples of 16 rows.
HPCAI_TILE_CODE void multiply(const TileProduct& p) {
  amx::stores_are_done();
  int64_t column = 0;
  for (; column + 2 * kTile <= p.columns; column += 2 * kTile) multiply_columns<2>(p, column);
  for (; column < p.columns; column += kTile) multiply_columns<1>(p, column);
}

HPCAI_TILE_CODE void add_start(const Start& start, float* c, int64_t c_row, int64_t rows, int64_t columns) {
  const float* from = start.data;
  const int64_t start_row = start.row;
  for (int64_t row = 0; row < rows; ++row, c += c_row, from += start_row) {
    for (int64_t column = 0; column < columns; column += kTile) {
      _mm512_storeu_ps(c + column, _mm512_add_ps(_mm512_loadu_ps(c + column), _mm512_loadu_ps(from + column)));
    }
  }
}

}  // namespace

TileCode amx_tile_code() { return {amx::configure, amx::release, pack_left, pack_right, pack_transposed, multiply, add_start}; }

}  // namespace hpcai::kernels
#endif
