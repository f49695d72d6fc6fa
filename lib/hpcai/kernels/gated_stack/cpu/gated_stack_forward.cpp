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

void skip_forward(const SkipForward& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, first = chunk.first_out(args.sizes), offset = (chunk.row + first) * channels;
  add_skips(args.p + offset, args.p_norm, args.skips + offset, args.first_skip, chunk.size() - first, channels);
}

void pre_forward(const PreForward& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, width = args.source.width;
  std::vector<float> scratch;
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(args.source, row, rows, channels, scratch);
    if (args.skips) add_skips(args.source.p + offset, args.source.p_norm, args.skips + offset, args.first_skip, rows, channels);
    float* const a = args.a + offset;
    multiply({source, width, 1}, args.weight, {args.bias}, a, rows, width, channels);
    if (args.moments) add_moments(a, rows, channels, *args.moments);
  }
}

void tap_sums(const TapSums& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, lag = args.sizes.lag();
  std::vector<float> x, sum(channels), square(channels * channels), lagged(channels * channels);
  const int64_t end = std::min(chunk.end + lag, args.sizes.steps);
  activate_steps(args.a, args.a_norm, args.sizes, chunk, chunk.begin, end, x);
  const auto flush = [](std::vector<float>& from, double* to) {
    for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
    std::fill(from.begin(), from.end(), 0.0f);
  };
  // Few rows are summed in float32, the rest in float64.
  for (int64_t begin = chunk.begin; begin < chunk.end; begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.end - begin), lagged_rows = std::min(rows, args.sizes.steps - lag - begin);
    const float* const block = x.data() + (begin - chunk.begin) * channels;
    add_column_sums(block, channels, rows, channels, sum.data());
    add_product({block, 1, channels}, block, channels, square.data(), channels, channels, rows, channels);
    if (lagged_rows > 0) {
      add_product({block, 1, channels}, block + lag * channels, channels, lagged.data(), channels, channels, lagged_rows,
                  channels);
    }
    flush(sum, args.sum);
    flush(square, args.square);
    flush(lagged, args.lagged);
  }
}

void gate_forward(const GateForward& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, gates = args.sizes.gates;
  std::vector<float> x, merged(kBlock * merged_row(gates)), y(kBlock * gates);
  activate_steps(args.a, args.a_norm, args.sizes, chunk, chunk.begin - args.sizes.left, chunk.end + args.sizes.right, x);
  for (int64_t begin = chunk.first_out(args.sizes); begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin);
    gated_product(args, x.data() + begin * channels, rows, merged.data());
    gate_rows(merged.data(), y.data(), rows, gates);
    float* const p = args.p + (chunk.row + begin) * channels;
    multiply({y.data(), gates, 1}, args.post_weight, {args.post_bias}, p, rows, gates, channels);
    if (args.moments) add_moments(p, rows, channels, *args.moments);
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
void pre_forward(const PreForward& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(pre_forward)(args, chunk); }
void skip_forward(const SkipForward& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(skip_forward)(args, chunk); }
void tap_sums(const TapSums& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(tap_sums)(args, chunk); }
void gate_forward(const GateForward& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(gate_forward)(args, chunk); }
}  // namespace stack
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
