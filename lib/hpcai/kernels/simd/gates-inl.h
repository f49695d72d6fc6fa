// The gated convolution on blocks of rows; included once for each instruction set (see hwy/foreach_target.h), hence no
// #pragma once.
#if defined(HPCAI_KERNELS_SIMD_GATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_GATES_INL_H_
#undef HPCAI_KERNELS_SIMD_GATES_INL_H_
#else
#define HPCAI_KERNELS_SIMD_GATES_INL_H_
#endif

#include <hwy/highway.h>

#include "hpcai/kernels/gated_stack/cpu/gate_block.h"
#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The distance of two rows of a block of both gates. With a gap the rows of a wide block do not all lie in the same set of the
// first cache level.
constexpr int64_t merged_row(int64_t gates) { return 2 * gates + 16; }

// Rows of a block of pairs, with u = x(t - left), v = x(t + right) = x(t + lag - left) and w = x(t + lag + right), where t is the
// first step of a pair: its taps are u and v, and those of its partner are v and w. [kBlock / 2, channels] each.
struct PairTaps {
  Scratch middle, first, second;  // v, u - v, w - v

  explicit PairTaps(int64_t channels) : middle(half(channels)), first(half(channels)), second(half(channels)) {}

  void fill(const GateBlock& block, const float* x, int64_t channels, int64_t lag) {
    const Tag d;
    block.for_first_runs([&](const GateBlock::Run& run) {
      const float* const u = x + run.step * channels;
      const int64_t offset = run.row * channels, next = lag * channels;
      for (int64_t i = 0; i < run.length * channels; i += static_cast<int64_t>(hn::Lanes(d))) {
        const auto v = hn::LoadU(d, u + i + next);
        hn::StoreU(v, d, middle.get() + offset + i);
        hn::StoreU(hn::Sub(hn::LoadU(d, u + i), v), d, first.get() + offset + i);
        hn::StoreU(hn::Sub(hn::LoadU(d, u + i + 2 * next), v), d, second.get() + offset + i);
      }
    });
  }

 private:
  static Scratch half(int64_t channels) { return scratch(kBlock / 2 * channels); }
};

// merged [rows, 2 gates] = x(t - left) W0 + x(t + right) W1 + bias for the steps of a block; row i of `x` is step i - left of the
// chunk. Two steps that share a tap need three products (Winograd's F(2, 2)): v (W0 + W1) for both, (u - v) W0 for the first
// and (w - v) W1 for the second.
HWY_INLINE void gated_product(const GateForward& args, const GateBlock& block, const float* x, PairTaps& taps, float* merged) {
  const int64_t channels = args.sizes.channels, lag = args.sizes.lag(), columns = 2 * args.sizes.gates;
  const int64_t row = merged_row(args.sizes.gates);
  const float *const w0 = args.gated_weight, *const w1 = w0 + channels * columns, *const sum = w1 + channels * columns;
  const auto product = [&](const Left& a, const float* b, const Start& start, float* c, int64_t rows) {
    compute({.a = a,
             .b = b,
             .b_row = columns,
             .start = start,
             .c = c,
             .c_row = row,
             .rows = rows,
             .depth = channels,
             .columns = columns});
  };
  if (!block.paired()) {
    block.for_first_runs([&](const GateBlock::Run& run) {
      product({x + run.step * channels, channels, 1, 2, lag * channels}, w0, {args.gated_bias}, merged, run.length);
    });
    return;
  }
  taps.fill(block, x, channels, lag);
  const int64_t half = block.half();
  float* const partners = merged + half * row;
  product({taps.middle.get(), channels, 1}, sum, {args.gated_bias}, merged, half);
  product({taps.second.get(), channels, 1}, w1, {merged, row}, partners, half);
  product({taps.first.get(), channels, 1}, w0, {merged, row}, merged, half);
}

// Replaces merged = [f, g] by its factors [t, s] = [tanh(f), sigmoid(g)] and writes y = t s.
HWY_INLINE void gate_rows(float* merged, float* y, int64_t rows, int64_t gates) {
  const Tag d;
  for (int64_t row = 0; row < rows; ++row) {
    float *const f = merged + row * merged_row(gates), *const g = f + gates;
    for (int64_t c = 0; c < gates; c += static_cast<int64_t>(hn::Lanes(d))) {
      const auto [t, s] = tanh_and_sigmoid(d, hn::LoadU(d, f + c), hn::LoadU(d, g + c));
      hn::StoreU(t, d, f + c);
      hn::StoreU(s, d, g + c);
      hn::StoreU(hn::Mul(t, s), d, y + row * gates + c);
    }
  }
}

// Replaces the factors by the gradient: df = dy s (1 - t^2), dg = dy t s (1 - s).
HWY_INLINE void gate_gradient_rows(const float* dy, float* merged, int64_t rows, int64_t gates) {
  const Tag d;
  for (int64_t row = 0; row < rows; ++row) {
    float *const f = merged + row * merged_row(gates), *const g = f + gates;
    for (int64_t c = 0; c < gates; c += static_cast<int64_t>(hn::Lanes(d))) {
      const auto t = hn::LoadU(d, f + c), s = hn::LoadU(d, g + c);
      const auto slope = hn::Mul(hn::LoadU(d, dy + row * gates + c), s), product = hn::Mul(slope, t);
      hn::StoreU(hn::NegMulAdd(product, t, slope), d, f + c);
      hn::StoreU(hn::NegMulAdd(product, s, product), d, g + c);
    }
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
