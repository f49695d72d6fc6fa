#include <algorithm>

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

// dz = (skips + next) where is_positive(i, c), which says whether z > 0 for the values at index i of [rows, channels], channel c.
template <class IsPositive>
HWY_INLINE void skip_gradient_where(const SkipGradient& args, int64_t row, int64_t rows, float* dz,
                                    const IsPositive& is_positive) {
  const Tag d;
  const int64_t channels = args.sizes.channels, offset = row * channels;
  const float* const skips = args.skips + offset;
  const float* const next = args.next ? args.next + offset : nullptr;
  for_vectors(rows, channels, [&](int64_t i, int64_t c) {
    auto dy = hn::LoadU(d, skips + i);
    if (next) dy = hn::Add(dy, hn::LoadU(d, next + i));
    hn::StoreU(hn::IfThenElseZero(is_positive(i, c), dy), d, dz + i);
  });
}

// dz = (skips + next) where z > 0
void skip_gradient_rows(const SkipGradient& args, int64_t row, int64_t rows, float* dz) {
  const Tag d;
  const int64_t offset = row * args.sizes.channels;
  if (args.marked_sums) {
    const hn::RebindToSigned<Tag> bits;
    const float* const marked = args.marked_sums + offset;
    skip_gradient_where(args, row, rows, dz, [&](int64_t i, int64_t) {  // -0 is a mark, too
      return hn::RebindMask(d, hn::Gt(hn::BitCast(bits, hn::LoadU(d, marked + i)), hn::Set(bits, -1)));
    });
  } else {
    const float* const p = args.p + offset;
    skip_gradient_where(args, row, rows, dz,
                        [&](int64_t i, int64_t c) { return hn::Gt(activated(p, args.p_norm, i, c), hn::Zero(d)); });
  }
}

// Adds the sums of some rows; `dz` has room for them.
void add_skip_gradient_sums(const SkipGradient& args, int64_t row, int64_t rows, float* dz) {
  const int64_t channels = args.sizes.channels;
  skip_gradient_rows(args, row, rows, dz);
  add_gradient_sums(dz, args.p + row * channels, args.p_norm, rows, channels, args.sums);
}

void skip_gradient(const SkipGradient& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels;
  const Scratch dz = scratch(kBlock * channels);
  for (int64_t begin = chunk.first_out(args.sizes); begin < chunk.size(); begin += kBlock) {
    add_skip_gradient_sums(args, chunk.row + begin, std::min(kBlock, chunk.size() - begin), dz.get());
  }
}

void add_values(const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// d loss / d p of the steps of a block.
void post_gradient(const GateGradient& args, const GateBlock& block, const Chunk& chunk, float* dp) {
  const Tag d;
  const int64_t channels = args.skip.sizes.channels;
  block.for_runs([&](const GateBlock::Run& run) {
    const int64_t row = chunk.row + run.step;
    float* const out = dp + run.row * channels;
    skip_gradient_rows(args.skip, row, run.length, out);
    if (args.skip.marked_sums) return;
    for_vectors(run.length, channels, [&](int64_t i, int64_t c) {
      const auto dy = hn::LoadU(d, out + i);
      hn::StoreU(norm_gradient(dy, args.skip.p + row * channels, args.skip.p_norm, args.p_gradient, i, c), d, out + i);
    });
  });
}

// Back through the gated convolution of one block: from `merged`, the gradient of (f, g), to those of the weights, and to dx,
// whose row i is step i - left of the chunk.
class TapGradient {
 public:
  TapGradient(const GateGradient& args, float* dx)
      : args_(args),
        dx_(dx),
        du_(scratch(kBlock * 2 * channels_)),
        sum_(scratch(kBlock / 2 * stride_)),
        shared_(zeros(channels_ * columns_)) {}

  // Steps without a partner.
  void add(const GateBlock& block, const float* x, const float* merged) {
    const int64_t rows = block.rows();
    multiply_rows(merged, args_.gated_weight_rows, rows, du_.get(), 2 * channels_);
    block.for_first_runs([&](const GateBlock::Run& run) {
      const float* const tap = x + run.step * channels_;
      for (int64_t i = 0; i < 2; ++i) {
        add_product({tap + i * lag_ * channels_, 1, channels_}, merged, stride_, args_.d_gated_weight + i * channels_ * columns_,
                    columns_, channels_, rows, columns_);
        float* const out = dx_ + (run.step + i * lag_) * channels_;
        const float* const du = du_.get() + i * channels_;
        for_vectors(rows, channels_, [&](int64_t k, int64_t c) { add_vector(du + 2 * (k - c) + c, out + k); });
      }
    });
    add_column_sums(merged, stride_, rows, columns_, args_.d_gated_bias);
  }

  // Pairs: with g and h the gradients of a step and its partner, the gradients of their taps u, v and w are g W0, g W1 + h W0 and
  // h W1, and those of the weights u g + v h and v g + w h. (g + h) (W0 + W1) and v (g + h) save a product each.
  void add(const GateBlock& block, const PairTaps& taps, const float* merged) {
    const int64_t half = block.half();
    const float *const g = merged, *const h = merged + half * stride_;
    add_rows(g, h, half);
    add_product({taps.first.get(), 1, channels_}, g, stride_, args_.d_gated_weight, columns_, channels_, half, columns_);
    add_product({taps.second.get(), 1, channels_}, h, stride_, args_.d_gated_weight + channels_ * columns_, columns_, channels_,
                half, columns_);
    add_product({taps.middle.get(), 1, channels_}, sum_.get(), stride_, shared_.get(), columns_, channels_, half, columns_);
    add_column_sums(sum_.get(), stride_, half, columns_, args_.d_gated_bias);

    float *const du = du_.get(), *const dw = du + half * channels_, *const dv = dw + half * channels_;
    multiply_rows(g, args_.gated_weight_rows, half, du, channels_);
    multiply_rows(h, args_.gated_weight_rows + channels_, half, dw, channels_);
    multiply_rows(sum_.get(), args_.gated_weight_rows + 2 * channels_, half, dv, channels_);
    block.for_first_runs([&](const GateBlock::Run& run) { scatter(run, du, dv, dw); });
  }

  // Adds what the pairs left for both taps.
  void finish() {
    for (int64_t tap = 0; tap < 2; ++tap)
      add_values(shared_.get(), args_.d_gated_weight + tap * channels_ * columns_, channels_ * columns_);
  }

 private:
  // out [rows, columns] = merged times some columns of the weight's rows.
  void multiply_rows(const float* merged, const float* weight, int64_t rows, float* out, int64_t columns) const {
    compute({.a = {merged, stride_, 1},
             .b = weight,
             .b_row = 3 * channels_,
             .start = {},
             .c = out,
             .c_row = columns,
             .rows = rows,
             .depth = columns_,
             .columns = columns});
  }

  // sum = g + h
  void add_rows(const float* g, const float* h, int64_t rows) {
    const Tag d;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t c = row * stride_; c < row * stride_ + columns_; c += static_cast<int64_t>(hn::Lanes(d))) {
        hn::StoreU(hn::Add(hn::LoadU(d, g + c), hn::LoadU(d, h + c)), d, sum_.get() + c);
      }
    }
  }

  static void add_vector(const float* from, float* to) {
    const Tag d;
    hn::StoreU(hn::Add(hn::LoadU(d, to), hn::LoadU(d, from)), d, to);
  }

  // Adds a run's gradients of the three taps to those of the steps.
  void scatter(const GateBlock::Run& run, const float* du, const float* dv, const float* dw) {
    const Tag d;
    const int64_t from = run.row * channels_, next = lag_ * channels_;
    float* const out = dx_ + run.step * channels_;
    for (int64_t i = 0; i < run.length * channels_; i += static_cast<int64_t>(hn::Lanes(d))) {
      const auto first = hn::LoadU(d, du + from + i), last = hn::LoadU(d, dw + from + i);
      const auto middle = hn::Sub(hn::LoadU(d, dv + from + i), hn::Add(first, last));
      hn::StoreU(hn::Add(hn::LoadU(d, out + i), first), d, out + i);
      hn::StoreU(hn::Add(hn::LoadU(d, out + i + next), middle), d, out + i + next);
      hn::StoreU(hn::Add(hn::LoadU(d, out + i + 2 * next), last), d, out + i + 2 * next);
    }
  }

  const GateGradient& args_;
  const int64_t channels_ = args_.skip.sizes.channels, gates_ = args_.skip.sizes.gates, lag_ = args_.skip.sizes.lag();
  const int64_t columns_ = 2 * gates_, stride_ = merged_row(gates_);
  float* dx_;
  Scratch du_, sum_, shared_;
};

void gate_gradient(const GateGradient& args, const Chunk& chunk) {
  const GateForward& forward = args.forward;
  const Sizes& sizes = forward.sizes;
  const int64_t channels = sizes.channels, gates = sizes.gates, own = sizes.left * channels, size = chunk.size() * channels;
  // Row i of x and dx is step chunk.begin - left + i.
  const Scratch x = activate_steps(forward.a, forward.a_norm, sizes, chunk, chunk.begin - sizes.left, chunk.end + sizes.right);
  const Scratch dx = zeros(size + sizes.lag() * channels);
  const Scratch merged = scratch(kBlock * merged_row(gates)), y = scratch(kBlock * gates), dy = scratch(kBlock * gates),
                dp = scratch(kBlock * channels);
  PairTaps taps(channels);
  TapGradient gradient(args, dx.get());
  GateBlock::for_blocks(sizes, chunk, [&](const GateBlock& block) {
    const int64_t rows = block.rows();
    gated_product(forward, block, x.get(), taps, merged.get());
    gate_rows(merged.get(), y.get(), rows, gates);
    post_gradient(args, block, chunk, dp.get());
    add_product({dp.get(), 1, channels}, y.get(), gates, args.d_post_weight, gates, channels, rows, gates);
    add_column_sums(dp.get(), channels, rows, channels, args.d_post_bias);
    multiply({dp.get(), channels, 1}, args.post_weight_rows, {}, dy.get(), rows, channels, gates);
    gate_gradient_rows(dy.get(), merged.get(), rows, gates);
    if (block.paired()) {
      gradient.add(block, taps, merged.get());
    } else {
      gradient.add(block, x.get(), merged.get());
    }
  });
  gradient.finish();
  if (args.skip.next) {
    const int64_t first = chunk.first_out(sizes) * channels;
    add_values(args.skip.next + chunk.row * channels + first, dx.get() + own + first, size - first);
  }
  std::copy_n(dx.get() + own, size, args.dx + chunk.row * channels);
  std::copy_n(dx.get(), own, args.halo);
  std::copy_n(dx.get() + own + size, sizes.right * channels, args.halo + own);
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
  const Scratch x = activate_steps(args.a, args.a_norm, sizes, chunk, chunk.begin - lag, chunk.end + lag);
  if (args.both_taps.weight) add_statistics_gradient(args, chunk, x.get(), dx);
  const float* const own = x.get() + lag * channels;
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
  const Scratch sums = scratch(kBlock * channels), da = scratch(kBlock * channels);
  for (int64_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const int64_t rows = std::min(kBlock, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(args.source, row, rows, channels, sums.get());
    for_vectors(rows, channels, [&](int64_t i, int64_t c) {
      const auto dy = hn::LoadU(d, args.dx + offset + i);
      hn::StoreU(norm_gradient(dy, args.a + offset, args.a_norm, args.a_gradient, i, c), d, da.get() + i);
    });
    add_product({source, 1, width}, da.get(), channels, args.d_weight, channels, width, rows, channels);
    add_column_sums(da.get(), channels, rows, channels, args.d_bias);
    if (!args.d_source) continue;
    float* const out = args.d_source + row * width;
    multiply({da.get(), channels, 1}, args.weight_rows, {}, out, rows, channels, width);
    if (args.before.sums.grad) add_skip_gradient_sums(args.before, row, rows, da.get());
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
