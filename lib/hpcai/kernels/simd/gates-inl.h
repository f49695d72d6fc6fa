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
#include "hpcai/kernels/simd/products-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The distance of two rows of a block of both gates. With a gap the rows of a wide block do not all lie in the same set of the
// first cache level.
constexpr int64_t merged_row(int64_t gates) { return 2 * gates + 16; }

// Rows of a block of pairs, with u = x(t - left), v = x(t + right) = x(t + lag - left) and w = x(t + lag + right), where t is the
// first step of a pair: its taps are u and v, and those of its partner are v and w. [rows / 2, channels] each.
struct PairTaps {
  Scratch middle, first, second;  // v, u - v, w - v

  explicit PairTaps(const Sizes& sizes) : middle(half(sizes)), first(half(sizes)), second(half(sizes)) {}

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
  static Scratch half(const Sizes& sizes) { return scratch(sizes.block_rows() / 2 * sizes.channels); }
};

// The gated convolution: merged [rows, 2 gates] = x(t - left) W0 + x(t + right) W1 + bias for the steps of a block, in tiles
// without the bias; row i of `x` is step i - left of the chunk. Two steps that share a tap need three products (Winograd's F(2,
// 2)): v (W0 + W1) for both, (u - v) W0 for the first and (w - v) W1 for the second.
class GatedProduct {
 public:
  GatedProduct(const GateForward& args, Products& products)
      : args_(args),
        products_(products),
        taps_(args.sizes),
        both_(w0_, 2 * channels_, columns_, args.sizes.in_tiles),
        first_(w0_, channels_, columns_, false),
        second_(w0_ + channels_ * columns_, channels_, columns_, false),
        sum_(w0_ + 2 * channels_ * columns_, channels_, columns_, false) {}

  // Of the last block of pairs.
  const PairTaps& taps() const { return taps_; }

  void compute(const GateBlock& block, const float* x, float* merged) {
    const int64_t lag = args_.sizes.lag(), row = merged_row(args_.sizes.gates);
    const Start bias = args_.sizes.in_tiles ? Start{} : Start{args_.gated_bias};
    if (!block.paired()) {
      block.for_first_runs([&](const GateBlock::Run& run) {
        products_.multiply({x + run.step * channels_, channels_, 1, 2, lag * channels_}, both_, bias, merged, row, run.length);
      });
      return;
    }
    taps_.fill(block, x, channels_, lag);
    const int64_t half = block.half();
    float* const partners = merged + half * row;
    products_.multiply({taps_.middle.get(), channels_, 1}, sum_, bias, merged, row, half);
    products_.multiply({taps_.second.get(), channels_, 1}, second_, {merged, row}, partners, row, half);
    products_.multiply({taps_.first.get(), channels_, 1}, first_, {merged, row}, merged, row, half);
  }

 private:
  const GateForward& args_;
  Products& products_;
  const int64_t channels_ = args_.sizes.channels, columns_ = 2 * args_.sizes.gates;
  const float* const w0_ = args_.gated_weight;
  PairTaps taps_;
  Factor both_, first_, second_, sum_;  // of both taps, side by side; the others are those of pairs
};

// Replaces merged = [f, g] by its factors [t, s] = factors(f, g, channel) and writes y = t s.
template <class Factors>
HWY_INLINE void gate_rows(float* merged, float* y, int64_t rows, int64_t gates, const Factors& factors) {
  const Tag d;
  for (int64_t row = 0; row < rows; ++row) {
    float *const f = merged + row * merged_row(gates), *const g = f + gates;
    for (int64_t c = 0; c < gates; c += static_cast<int64_t>(hn::Lanes(d))) {
      const auto [t, s] = factors(hn::LoadU(d, f + c), hn::LoadU(d, g + c), c);
      hn::StoreU(t, d, f + c);
      hn::StoreU(s, d, g + c);
      hn::StoreU(hn::Mul(t, s), d, y + row * gates + c);
    }
  }
}

// Replaces merged, the gated convolution of some rows, by the factors [tanh(f), sigmoid(g)] and writes their product y. A product
// in tiles is without its bias, and rounded later.
HWY_INLINE void activate_gates(const GateForward& args, float* merged, float* y, int64_t rows) {
  const Tag d;
  const int64_t gates = args.sizes.gates;
  if (!args.sizes.in_tiles) {
    return gate_rows(merged, y, rows, gates, [&](auto f, auto g, int64_t) { return tanh_and_sigmoid(d, f, g); });
  }
  const float *const of_f = args.gated_bias, *const of_g = of_f + gates;
  gate_rows(merged, y, rows, gates, [&](auto f, auto g, int64_t c) {
    return near_tanh_and_sigmoid(d, hn::Add(f, hn::LoadU(d, of_f + c)), hn::Add(g, hn::LoadU(d, of_g + c)));
  });
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
