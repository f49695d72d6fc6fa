#include "hpcai/kernels/packed_product/cpu/packed_product.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/packed_product/cpu/packed_product.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// kRows rows by kVectors vectors of columns from `column` on, held in registers over the whole sum. left: the first of the rows.
template <int kRows, int kVectors, class D>
HWY_INLINE void multiply_tile(D d, const PackedProduct& p, const float* left, int64_t row, int64_t column) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* right[kVectors];
  float* out[kVectors];
  hn::Vec<D> sum[kRows][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const int64_t panel = (column + v * lanes) / kPanel, within = (column + v * lanes) % kPanel;
    right[v] = p.right + panel * p.right_panel + within;
    out[v] = p.out + panel * p.out_panel + within + row * p.out_row;
    for (int r = 0; r < kRows; ++r) sum[r][v] = p.add ? hn::LoadU(d, out[v] + r * p.out_row) : hn::Zero(d);
  }
  for (int64_t first = 0; first < p.depth; first += p.left.k_block, left += p.left.next_ks) {
    const float* values = left;
    for (int64_t k = 0; k < p.left.k_block; ++k, values += p.left.k) {
      hn::Vec<D> other[kVectors];
      for (int v = 0; v < kVectors; ++v, right[v - 1] += kPanel) other[v] = hn::LoadU(d, right[v]);
      for (int r = 0; r < kRows; ++r) {
        const auto value = hn::Set(d, values[r * p.left.row]);
        for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(value, other[v], sum[r][v]);
      }
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    for (int r = 0; r < kRows; ++r) hn::StoreU(sum[r][v], d, out[v] + r * p.out_row);
  }
}

// Rows of a tile of two vectors. Six rows have twelve sums, which with two columns and a value of the left fill the 16 registers
// of AVX2. AVX-512 has 32, and twelve rows read the right matrix half as often from the second cache level.
template <class D>
constexpr int tile_rows(D d) {
  return hn::MaxLanes(d) >= 16 ? 12 : 6;
}

template <int kVectors, class D>
void multiply_columns(D d, const PackedProduct& p, int64_t column) {
  constexpr int kRows = tile_rows(D());
  const float* block = p.left.data;
  for (int64_t first = 0; first < p.rows; first += p.left.row_block, block += p.left.next_rows) {
    const float* left = block;
    int64_t row = first;
    const int64_t end = first + p.left.row_block;
    for (; row + kRows <= end; row += kRows, left += kRows * p.left.row) multiply_tile<kRows, kVectors>(d, p, left, row, column);
    for (; row + 4 <= end; row += 4, left += 4 * p.left.row) multiply_tile<4, kVectors>(d, p, left, row, column);
    for (; row < end; ++row, left += p.left.row) multiply_tile<1, kVectors>(d, p, left, row, column);
  }
}

void multiply(const PackedProduct& p) {
  const hn::CappedTag<float, kPanel> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t column = p.first;
  for (; column + 2 * lanes <= p.end; column += 2 * lanes) multiply_columns<2>(d, p, column);
  for (; column + lanes <= p.end; column += lanes) multiply_columns<1>(d, p, column);
  if (column < p.end) multiply_columns<1>(hn::CappedTag<float, kPanel / 2>(), p, column);
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(multiply);

void multiply(const PackedProduct& product) { HWY_DYNAMIC_DISPATCH(multiply)(product); }

void pack_panel(const PanelSource& source, int64_t panel, float* to) {
  const int64_t first = panel * kPanel, width = std::min(kPanel, source.columns - first);
  if (width < kPanel) std::fill(to, to + source.depth * kPanel, 0.0F);
  // squares of 16x16, each read along its lines of memory
  for (int64_t square = 0; square < source.depth; square += kPanel) {
    const int64_t end = std::min(source.depth, square + kPanel);
    const auto copy = [&](int64_t k, int64_t c) {
      to[k * kPanel + c] = source.from[k * source.k_step + (first + c) * source.column_step];
    };
    if (source.k_step == 1) {
      for (int64_t c = 0; c < width; ++c) {
        for (int64_t k = square; k < end; ++k) copy(k, c);
      }
    } else {
      for (int64_t k = square; k < end; ++k) {
        for (int64_t c = 0; c < width; ++c) copy(k, c);
      }
    }
  }
}
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
