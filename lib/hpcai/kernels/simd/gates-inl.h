// The gated convolution on blocks of rows; included once for each instruction set (see hwy/foreach_target.h), hence no
// #pragma once.
#if defined(HPCAI_KERNELS_SIMD_GATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HPCAI_KERNELS_SIMD_GATES_INL_H_
#undef HPCAI_KERNELS_SIMD_GATES_INL_H_
#else
#define HPCAI_KERNELS_SIMD_GATES_INL_H_
#endif

#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"
#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows that are worked on at once, so that the values between two products stay in the first cache level.
constexpr int64_t kBlock = 64;

// The distance of two rows of a block of both gates. With a gap the rows of a wide block do not all lie in the same set of the
// first cache level.
constexpr int64_t merged_row(int64_t gates) { return 2 * gates + 16; }

// merged [rows, 2 gates] = x(t - left) W0 + x(t + right) W1 + bias; `x` points to the row of t - left.
HWY_INLINE void gated_product(const GateForward& args, const float* x, int64_t rows, float* merged) {
  const int64_t channels = args.sizes.channels, columns = 2 * args.sizes.gates;
  compute({.a = {x, channels, 1, 2, args.sizes.lag() * channels},
           .b = args.gated_weight,
           .b_row = columns,
           .start = {args.gated_bias},
           .c = merged,
           .c_row = merged_row(args.sizes.gates),
           .rows = rows,
           .depth = channels,
           .columns = columns});
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
