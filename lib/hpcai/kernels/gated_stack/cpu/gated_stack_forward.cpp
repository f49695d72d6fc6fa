#include <algorithm>
#include <vector>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/gated_stack/cpu/gated_stack_forward.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/gates-inl.h"
#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

void add_skips(const float* p, const Norm& norm, float* skips, bool first, int64_t rows, int64_t channels) {
  const Tag d;
  for_vectors(rows, channels, [&](int64_t i, int64_t c) {
    const auto z = activated(p, norm, i, c);
    hn::StoreU(first ? z : hn::Add(z, hn::LoadU(d, skips + i)), d, skips + i);
  });
}

void skip_forward(const SkipForward& pass, const Chunk& chunk) {
  const int64_t channels = pass.sizes.channels, offset = chunk.row * channels;
  add_skips(pass.p + offset, pass.p_norm, pass.skips + offset, pass.first_skip, chunk.size(), channels);
}

void pre_forward(const PreForward& pass, const Chunk& chunk) {
  const int64_t channels = pass.sizes.channels, width = pass.source.width;
  std::vector<float> scratch;
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(pass.source, row, rows, channels, scratch);
    if (pass.skips) add_skips(pass.source.p + offset, pass.source.p_norm, pass.skips + offset, pass.first_skip, rows, channels);
    float* const a = pass.a + offset;
    repeat_row(pass.bias, a, rows, channels);
    add_product({source, width, 1}, pass.weight, channels, a, channels, rows, width, channels);
    if (pass.moments) add_moments(a, rows, channels, *pass.moments);
  }
}

void tap_sums(const TapSums& pass, const Chunk& chunk) {
  const int64_t channels = pass.sizes.channels, lag = pass.sizes.lag();
  std::vector<float> x, sum(channels), square(channels * channels), lagged(channels * channels);
  const int64_t end = std::min(chunk.end + lag, pass.sizes.steps);
  activate_steps(pass.a, pass.a_norm, pass.sizes, chunk, chunk.begin, end, x);
  const auto flush = [](std::vector<float>& from, double* to) {
    for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
    std::fill(from.begin(), from.end(), 0.0f);
  };
  // Few rows are summed in float32, the rest in float64.
  for (int64_t begin = chunk.begin; begin < chunk.end; begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.end - begin), lagged_rows = std::min(rows, pass.sizes.steps - lag - begin);
    const float* const block = x.data() + (begin - chunk.begin) * channels;
    add_column_sums(block, rows, channels, sum.data());
    add_product({block, 1, channels}, block, channels, square.data(), channels, channels, rows, channels);
    if (lagged_rows > 0) {
      add_product({block, 1, channels}, block + lag * channels, channels, lagged.data(), channels, channels, lagged_rows,
                  channels);
    }
    flush(sum, pass.sum);
    flush(square, pass.square);
    flush(lagged, pass.lagged);
  }
}

void gate_forward(const GateForward& pass, const Chunk& chunk) {
  const int64_t channels = pass.sizes.channels, gates = pass.sizes.gates;
  std::vector<float> x, merged(kBlock * 2 * gates), y(kBlock * gates);
  activate_steps(pass.a, pass.a_norm, pass.sizes, chunk, chunk.begin - pass.sizes.left, chunk.end + pass.sizes.right, x);
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin);
    gated_product(pass, x.data() + begin * channels, rows, merged.data());
    gate_rows(merged.data(), y.data(), rows, gates);
    float* const p = pass.p + (chunk.row + begin) * channels;
    repeat_row(pass.post_bias, p, rows, channels);
    add_product({y.data(), gates, 1}, pass.post_weight, channels, p, channels, rows, gates, channels);
    if (pass.moments) add_moments(p, rows, channels, *pass.moments);
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(pre_forward);
HWY_EXPORT(skip_forward);
HWY_EXPORT(tap_sums);
HWY_EXPORT(gate_forward);

namespace stack {
void pre_forward(const PreForward& pass, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(pre_forward)(pass, chunk); }
void skip_forward(const SkipForward& pass, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(skip_forward)(pass, chunk); }
void tap_sums(const TapSums& pass, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(tap_sums)(pass, chunk); }
void gate_forward(const GateForward& pass, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(gate_forward)(pass, chunk); }
}  // namespace stack
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
