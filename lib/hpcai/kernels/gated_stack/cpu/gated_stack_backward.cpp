#include <algorithm>
#include <vector>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/gated_stack/cpu/gated_stack_backward.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/gates-inl.h"
#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

// dz = (skips + next) where z > 0
void skip_gradient_rows(const SkipGradient& args, int64_t row, int64_t rows, float* dz) {
  const Tag d;
  const int64_t channels = args.sizes.channels, offset = row * channels;
  const float *const p = args.p + offset, *const skips = args.skips + offset;
  const float* const next = args.next ? args.next + offset : nullptr;
  for_vectors(rows, channels, [&](int64_t i, int64_t c) {
    auto dy = hn::LoadU(d, skips + i);
    if (next) dy = hn::Add(dy, hn::LoadU(d, next + i));
    hn::StoreU(hn::IfThenElseZero(hn::Gt(activated(p, args.p_norm, i, c), hn::Zero(d)), dy), d, dz + i);
  });
}

void skip_gradient(const SkipGradient& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels;
  std::vector<float> dz(kBlock * channels);
  for (int64_t begin = chunk.first_out(args.sizes); begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin;
    skip_gradient_rows(args, row, rows, dz.data());
    add_gradient_sums(dz.data(), args.p + row * channels, args.p_norm, rows, channels, args.sums);
  }
}

// Adds the gradients du [rows, 2 channels] of both taps to those of the steps: the second tap is `lag` steps behind the first.
void add_taps(const float* du, int64_t rows, int64_t channels, int64_t lag, float* dx) {
  const Tag d;
  for (int64_t tap = 0; tap < 2; ++tap, dx += lag * channels, du += channels) {
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      hn::StoreU(hn::Add(hn::LoadU(d, dx + i), hn::LoadU(d, du + 2 * (i - c) + c)), d, dx + i);
    });
  }
}

void gate_gradient(const GateGradient& args, const Chunk& chunk) {
  const GateForward& forward = args.forward;
  const Sizes& sizes = forward.sizes;
  const int64_t channels = sizes.channels, gates = sizes.gates, columns = 2 * gates, lag = sizes.lag();
  const Tag d;
  std::vector<float> x, dx, merged(kBlock * merged_row(gates)), y(kBlock * gates), dp(kBlock * channels), dy(kBlock * gates),
      du(kBlock * 2 * channels);
  // Row i of x and dx is step chunk.begin - left + i.
  activate_steps(forward.a, forward.a_norm, sizes, chunk, chunk.begin - sizes.left, chunk.end + sizes.right, x);
  dx.assign(x.size(), 0.0f);
  for (int64_t begin = chunk.first_out(sizes); begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin;
    const float *const tap0 = x.data() + begin * channels, *const tap1 = tap0 + lag * channels;
    gated_product(forward, tap0, rows, merged.data());
    gate_rows(merged.data(), y.data(), rows, gates);

    skip_gradient_rows(args.skip, row, rows, dp.data());
    const float* const p = args.skip.p + row * channels;
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      hn::StoreU(norm_gradient(hn::LoadU(d, dp.data() + i), p, args.skip.p_norm, args.p_gradient, i, c), d, dp.data() + i);
    });
    add_product({dp.data(), 1, channels}, y.data(), gates, args.d_post_weight, gates, channels, rows, gates);
    add_column_sums(dp.data(), channels, rows, channels, args.d_post_bias);

    multiply({dp.data(), channels, 1}, args.post_weight_rows, {}, dy.data(), rows, channels, gates);
    gate_gradient_rows(dy.data(), merged.data(), rows, gates);
    const int64_t stride = merged_row(gates);
    add_product({tap0, 1, channels}, merged.data(), stride, args.d_gated_weight, columns, channels, rows, columns);
    add_product({tap1, 1, channels}, merged.data(), stride, args.d_gated_weight + channels * columns, columns, channels, rows,
                columns);
    add_column_sums(merged.data(), stride, rows, columns, args.d_gated_bias);
    multiply({merged.data(), stride, 1}, args.gated_weight_rows, {}, du.data(), rows, columns, 2 * channels);
    add_taps(du.data(), rows, channels, lag, dx.data() + begin * channels);
  }
  const auto own = dx.begin() + sizes.left * channels, behind = own + chunk.size() * channels;
  std::copy(own, behind, args.dx + chunk.row * channels);
  std::copy(dx.begin(), own, args.halo);
  std::copy(behind, dx.end(), args.halo + sizes.left * channels);
}

// Adds what reaches x(t) through the statistics: as first tap of row t + left, as second of row t - right, where such a
// row exists. Row i of `x` is step chunk.begin - lag + i.
void add_statistics_gradient(const InputGradient& args, const Chunk& chunk, const float* x, float* dx) {
  const Tag d;
  const int64_t channels = args.sizes.channels, lag = args.sizes.lag();
  const int64_t second_from = args.sizes.right, first_until = args.sizes.steps - args.sizes.left;
  for (int64_t begin = chunk.begin; begin < chunk.end;) {
    const bool first = begin < first_until, second = begin >= second_from;
    int64_t end = std::min(chunk.end, begin + kBlock);
    if (first) end = std::min(end, first_until);
    if (!second) end = std::min(end, second_from);
    const int64_t rows = end - begin;
    float* const out = dx + (begin - chunk.begin) * channels;
    begin = end;
    if (!first && !second) continue;
    const StatisticsGradient& part = first && second ? args.both_taps : first ? args.first_tap : args.second_tap;
    const float* const from = x + (end - rows - chunk.begin + (second ? 0 : lag)) * channels;
    compute({.a = {from, channels, 1, first && second ? 3 : 2, lag * channels},
             .b = part.weight,
             .b_row = channels,
             .start = {out, channels},
             .c = out,
             .c_row = channels,
             .rows = rows,
             .depth = channels,
             .columns = channels});
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      hn::StoreU(hn::Add(hn::LoadU(d, out + i), hn::LoadU(d, part.offset + c)), d, out + i);
    });
  }
}

void add_values(const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

void input_gradient(const InputGradient& args, const Chunk& chunk) {
  const Sizes& sizes = args.sizes;
  const int64_t channels = sizes.channels, lag = sizes.lag(), offset = chunk.row * channels;
  const Tag d;
  float* const dx = args.dx + offset;
  if (args.halo_of_next) {  // its left rows are this chunk's last
    add_values(args.halo_of_next, dx + (chunk.size() - sizes.left) * channels, sizes.left * channels);
  }
  if (args.halo_of_previous) {
    const int64_t rows = std::min(sizes.right, chunk.size());
    add_values(args.halo_of_previous + sizes.left * channels, dx, rows * channels);
  }
  if (args.next) {
    const int64_t first = chunk.first_out(sizes) * channels;
    add_values(args.next + offset + first, dx + first, chunk.size() * channels - first);
  }
  std::vector<float> x;
  activate_steps(args.a, args.a_norm, sizes, chunk, chunk.begin - lag, chunk.end + lag, x);
  if (args.both_taps.weight) add_statistics_gradient(args, chunk, x.data(), dx);
  const float* const own = x.data() + lag * channels;
  for_vectors(chunk.size(), channels, [&](int64_t i, int64_t) {
    hn::StoreU(hn::IfThenElseZero(hn::Gt(hn::LoadU(d, own + i), hn::Zero(d)), hn::LoadU(d, dx + i)), d, dx + i);
  });
  if (!args.sums.grad) return;
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin);
    add_gradient_sums(dx + begin * channels, args.a + offset + begin * channels, args.a_norm, rows, channels, args.sums);
  }
}

void pre_gradient(const PreGradient& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, width = args.source.width;
  const Tag d;
  std::vector<float> scratch, da(kBlock * channels);
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(args.source, row, rows, channels, scratch);
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      const auto dy = hn::LoadU(d, args.dx + offset + i);
      hn::StoreU(norm_gradient(dy, args.a + offset, args.a_norm, args.a_gradient, i, c), d, da.data() + i);
    });
    add_product({source, 1, width}, da.data(), channels, args.d_weight, channels, width, rows, channels);
    add_column_sums(da.data(), channels, rows, channels, args.d_bias);
    if (!args.d_source) continue;
    float* const out = args.d_source + row * width;
    multiply({da.data(), channels, 1}, args.weight_rows, {}, out, rows, channels, width);
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(skip_gradient);
HWY_EXPORT(gate_gradient);
HWY_EXPORT(input_gradient);
HWY_EXPORT(pre_gradient);

namespace stack {
void skip_gradient(const SkipGradient& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(skip_gradient)(args, chunk); }
void gate_gradient(const GateGradient& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(gate_gradient)(args, chunk); }
void input_gradient(const InputGradient& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(input_gradient)(args, chunk); }
void pre_gradient(const PreGradient& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(pre_gradient)(args, chunk); }
}  // namespace stack
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
