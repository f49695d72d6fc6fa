#include <algorithm>

#include "hpcai/kernels/time_tail/cpu/time_tail_chunk.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/time_tail/cpu/time_tail.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/matrix-inl.h"
#include "hpcai/kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

// The factors of dropout for the values from `index` on, one a lane: args.kept, or 0 where `dropped` says so.
HWY_INLINE hn::Vec<Tag> kept_factor(const TailForward& args, DropoutKey key, int64_t index) {
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  const hn::RebindToSigned<Tag> di;
  auto x = hn::Xor(hn::Iota(du, static_cast<uint32_t>(index)), hn::Set(du, key.first));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(du, 0x7FEB352Du));
  x = hn::Mul(hn::Add(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(du, key.second)), hn::Set(du, 0x846CA68Bu));
  x = hn::ShiftRight<8>(hn::Xor(x, hn::ShiftRight<16>(x)));
  const auto dropped = hn::Lt(hn::BitCast(di, x), hn::Set(di, args.threshold));
  return hn::IfThenZeroElse(hn::RebindMask(d, dropped), hn::Set(d, args.kept));
}

// source = relu(skips) [rows, channels] and wide(source) [rows, W], for the rows of one block.
void wide_rows(const TailForward& args, int64_t row, int64_t rows, float* source, float* wide) {
  const Tag d;
  const int64_t channels = args.sizes.channels;
  const float* const skips = args.skips + row * channels;
  for_vectors(rows, channels, [&](int64_t i, int64_t) { hn::StoreU(relu(d, hn::LoadU(d, skips + i)), d, source + i); });
  multiply({source, channels, 1}, args.wide_weight, {args.wide_bias}, wide, rows, channels, args.width);
}

void tail_forward(const TailForward& args, const Chunk& chunk) {
  const Tag d;
  const int64_t width = args.width, block = args.sizes.block_rows();
  const DropoutKey key = args.threshold > 0 ? args.keys[chunk.row / args.sizes.steps] : DropoutKey{};
  const Scratch source = scratch(block * args.sizes.channels), wide = scratch(block * width);
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin), row = chunk.row + begin;
    wide_rows(args, row, rows, source.get(), wide.get());
    for (int64_t i = 0; i < rows; ++i) {
      auto sum = hn::Zero(d);
      for (int64_t c = 0; c < width; c += static_cast<int64_t>(hn::Lanes(d))) {
        auto v = relu(d, hn::LoadU(d, wide.get() + i * width + c));
        if (args.threshold > 0) v = hn::Mul(v, kept_factor(args, key, (chunk.begin + begin + i) * width + c));
        sum = hn::MulAdd(v, hn::LoadU(d, args.thin_weight + c), sum);
      }
      args.out[row + i] = hn::GetLane(hn::SumOfLanes(d, sum)) + args.thin_bias;
    }
  }
}

void tail_gradient(const TailGradient& args, const Chunk& chunk) {
  const Tag d;
  const TailForward& forward = args.forward;
  const int64_t width = forward.width, channels = forward.sizes.channels, block = forward.sizes.block_rows();
  const DropoutKey key = forward.threshold > 0 ? forward.keys[chunk.row / forward.sizes.steps] : DropoutKey{};
  const Scratch source = scratch(block * channels), wide = scratch(block * width);
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin), row = chunk.row + begin;
    wide_rows(forward, row, rows, source.get(), wide.get());
    for (int64_t i = 0; i < rows; ++i) {
      const auto grad = hn::Set(d, args.d_out[row + i]);
      for (int64_t c = 0; c < width; c += static_cast<int64_t>(hn::Lanes(d))) {
        float* const at = wide.get() + i * width + c;
        const auto v = hn::LoadU(d, at);
        auto slope = hn::IfThenElseZero(hn::Gt(v, hn::Zero(d)), grad);
        if (forward.threshold > 0) slope = hn::Mul(slope, kept_factor(forward, key, (chunk.begin + begin + i) * width + c));
        hn::StoreU(hn::MulAdd(slope, v, hn::LoadU(d, args.d_thin_weight + c)), d, args.d_thin_weight + c);
        hn::StoreU(hn::Mul(slope, hn::LoadU(d, forward.thin_weight + c)), d, at);
      }
    }
    add_product({source.get(), 1, channels}, wide.get(), width, args.d_wide_weight, width, channels, rows, width);
    add_column_sums(wide.get(), width, rows, width, args.d_wide_bias);
    float* const out = args.d_skips + row * channels;
    multiply({wide.get(), width, 1}, args.wide_weight_rows, {}, out, rows, width, channels);
  }
}

void tail_input_gradient(const TailInputGradient& args, const Chunk& chunk) {
  const Tag d;
  const int64_t channels = args.sizes.channels, block = args.sizes.block_rows();
  const Scratch source = scratch(block * channels);
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin), offset = (chunk.row + begin) * channels;
    const float* const skips = args.skips + offset;
    float* const out = args.d_skips + offset;
    if (args.statistics) {
      for_vectors(rows, channels, [&](int64_t i, int64_t c) {
        hn::StoreU(relu(d, hn::LoadU(d, skips + i)), d, source.get() + i);
        hn::StoreU(hn::Add(hn::LoadU(d, out + i), hn::LoadU(d, args.offset + c)), d, out + i);
      });
      add_product({source.get(), channels, 1}, args.statistics, channels, out, channels, rows, channels, channels);
    }
    for_vectors(rows, channels, [&](int64_t i, int64_t) {
      hn::StoreU(hn::IfThenElseZero(hn::Gt(hn::LoadU(d, skips + i), hn::Zero(d)), hn::LoadU(d, out + i)), d, out + i);
    });
  }
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
HWY_EXPORT(tail_forward);
HWY_EXPORT(tail_gradient);
HWY_EXPORT(tail_input_gradient);

namespace stack {
void tail_forward(const TailForward& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(tail_forward)(args, chunk); }
void tail_gradient(const TailGradient& args, const Chunk& chunk) { HWY_DYNAMIC_DISPATCH(tail_gradient)(args, chunk); }
void tail_input_gradient(const TailInputGradient& args, const Chunk& chunk) {
  HWY_DYNAMIC_DISPATCH(tail_input_gradient)(args, chunk);
}
}  // namespace stack
}  // namespace hpcai::kernels
#endif  // HWY_ONCE
