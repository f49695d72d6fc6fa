#include <algorithm>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/gated_stack/cpu/gated_stack_forward.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/gates-inl.h"
#include "hpcai/kernels/simd/products-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

// Adds the z of rows from value `offset` on to the sum of skips.
void add_skips(const StoredValues& p, const Norm& norm, float* skips, bool first, int64_t offset, int64_t rows,
               int64_t channels) {
  const Tag d;
  with_type(p, [&](auto* values) {
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      const auto z = activated(values + offset, norm, i, c);
      float* const sum = skips + offset + i;
      hn::StoreU(first ? z : hn::Add(z, hn::LoadU(d, sum)), d, sum);
    });
  });
}

void skip_forward(const SkipForward& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, first = chunk.first_out(args.sizes), offset = (chunk.row + first) * channels;
  add_skips(args.p, args.p_norm, args.skips, args.first_skip, offset, chunk.size() - first, channels);
}

void pre_forward(const PreForward& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, width = args.source.width, block = args.sizes.block_rows();
  const Scratch sums = scratch(block * channels), room = scratch(args.a.is_half ? block * channels : 1);
  Products products(args.sizes.in_tiles);
  const Factor weight(args.weight, width, channels, args.sizes.in_tiles);
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(args.source, row, rows, channels, sums.get());
    if (args.skips) add_skips(args.source.p, args.source.p_norm, args.skips, args.first_skip, offset, rows, channels);
    float* const a = args.a.is_half ? room.get() : static_cast<float*>(args.a.data) + offset;
    products.multiply({source, width, 1}, weight, {args.bias}, a, rows);
    if (args.a.is_half) store_rows(a, rows, channels, args.a, offset);
    if (args.moments) add_moments(a, rows, channels, *args.moments);
  }
}

void tap_sums(const TapSums& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, lag = args.sizes.lag();
  const Scratch sum = zeros(channels), square = zeros(channels * channels), lagged = zeros(channels * channels);
  const int64_t end = std::min(chunk.end + lag, args.sizes.steps);
  const Scratch x = activate_steps(args.a, args.a_norm, args.sizes, chunk, chunk.begin, end);
  if (args.sizes.in_tiles) round_values(x.get(), (end - chunk.begin) * channels);  // as the gated convolution does
  const auto flush = [](const Scratch& from, int64_t values, double* to) {
    for (int64_t i = 0; i < values; ++i) to[i] += from[i];
    std::fill_n(from.get(), values, 0.0f);
  };
  const Products products(args.sizes.in_tiles);
  RowSum square_sum(channels, channels, square.get(), args.sizes.in_tiles),
      lagged_sum(channels, channels, lagged.get(), args.sizes.in_tiles);
  // Few rows are summed in float32, the rest in float64.
  const int64_t step = args.sizes.in_tiles ? TileSum::kGathered : args.sizes.block_rows();
  for (int64_t begin = chunk.begin; begin < chunk.end; begin += step) {
    const int64_t rows = std::min(step, chunk.end - begin), lagged_rows = std::min(rows, args.sizes.steps - lag - begin);
    const float* const block = x.get() + (begin - chunk.begin) * channels;
    add_column_sums(block, channels, rows, channels, sum.get());
    square_sum.add({block, channels, 1}, block, channels, rows);
    if (lagged_rows > 0) lagged_sum.add({block, channels, 1}, block + lag * channels, channels, lagged_rows);
    square_sum.finish();
    lagged_sum.finish();
    flush(sum, channels, args.sum);
    flush(square, channels * channels, args.square);
    flush(lagged, channels * channels, args.lagged);
  }
}

// Adds z = relu(p) of some rows to the sum of skips, and stores x + z, with a minus sign where z = 0.
void add_without_norm(const GateForward& args, int64_t row, int64_t rows, const float* x, const float* p) {
  const Tag d;
  const int64_t channels = args.sizes.channels;
  float* const skips = args.skips + row * channels;
  with_type(args.marked_sums, [&](auto* values) {
    auto* const marked = values + row * channels;
    for_vectors(rows, channels, [&](int64_t i, int64_t) {
      const auto z = relu(d, hn::LoadU(d, p + i)), sum = hn::Add(hn::LoadU(d, x + i), z);
      store(hn::IfThenElse(hn::Gt(z, hn::Zero(d)), sum, hn::Neg(sum)), d, marked + i);
      hn::StoreU(args.first_skip ? z : hn::Add(z, hn::LoadU(d, skips + i)), d, skips + i);
    });
  });
}

void gate_forward(const GateForward& args, const Chunk& chunk) {
  const Sizes& sizes = args.sizes;
  const int64_t channels = sizes.channels, gates = sizes.gates;
  const Scratch x = activate_steps(args.a, args.a_norm, sizes, chunk, chunk.begin - sizes.left, chunk.end + sizes.right);
  const int64_t most = sizes.block_rows();
  const Scratch merged = scratch(most * merged_row(gates)), y = scratch(most * gates), p = scratch(most * channels);
  Products products(sizes.in_tiles);
  GatedProduct gated(args, products);
  const Factor post(args.post_weight, gates, channels, sizes.in_tiles);
  GateBlock::for_blocks(sizes, chunk, [&](const GateBlock& block) {
    gated.compute(block, x.get(), merged.get());
    activate_gates(args, merged.get(), y.get(), block.rows());
    products.multiply({y.get(), gates, 1}, post, {args.post_bias}, p.get(), block.rows());
    block.for_runs([&](const GateBlock::Run& run) {
      float* const from = p.get() + run.row * channels;
      if (args.p) {
        store_rows(from, run.length, channels, args.p, (chunk.row + run.step) * channels);
      } else {
        add_without_norm(args, chunk.row + run.step, run.length, x.get() + (run.step + sizes.left) * channels, from);
      }
    });
    if (args.moments) add_moments(p.get(), block.rows(), channels, *args.moments);
  });
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
