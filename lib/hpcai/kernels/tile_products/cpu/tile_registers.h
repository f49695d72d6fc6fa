#pragma once

// What sources with code for tile registers share. Only they may include it.
#ifdef __x86_64__
#include <immintrin.h>

#include <cstdint>

#define HPCAI_TILE_CODE __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace hpcai::kernels::amx {

// What the processor reads: 8 tiles of 16 rows of 64 bytes.
struct Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(Configuration) == 64);

HPCAI_TILE_CODE inline void configure() {
  static const Configuration configuration;
  _tile_loadconfig(&configuration);
}
HPCAI_TILE_CODE inline void release() { _tile_release(); }

// The compiler does not know what loads of tiles read: what was stored before must be in memory.
inline void stores_are_done() { asm volatile("" ::: "memory"); }

// 16 values of each of two vectors, one behind the other.
HPCAI_TILE_CODE inline __m512i both_rounded(__m512 first, __m512 second) {
  const __m512bh both = _mm512_cvtne2ps_pbh(second, first);
  return reinterpret_cast<const __m512i&>(both);
}

// Two rows of 16 values, one behind the other, as pairs.
HPCAI_TILE_CODE inline __m512i as_pairs(__m512i rows) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,  //
                                         23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, rows);
}

// The transpose of 16 x 16 values of 32 bits: of blocks of 1, then 2, 4 and 8.
HPCAI_TILE_CODE inline void transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; ++j) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
    }
  }
  for (int i = 0; i < 16; i += 8) {
    for (int j = 0; j < 4; ++j) {
      t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
      t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xDD);
    }
  }
  for (int j = 0; j < 8; ++j) {
    r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
    r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xDD);
  }
}

}  // namespace hpcai::kernels::amx
#endif
