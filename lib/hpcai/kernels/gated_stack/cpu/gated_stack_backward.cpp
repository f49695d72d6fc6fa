#include <algorithm>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/gated_stack/cpu/gated_stack_backward.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/gates-inl.h"
#include "hpcai/kernels/simd/products-inl.h"
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
    with_type(args.marked_sums, [&](auto* marked) {
      skip_gradient_where(args, row, rows, dz, [&](int64_t i, int64_t) {  // -0 is a mark, too
        return hn::RebindMask(d, hn::Gt(hn::BitCast(bits, load(d, marked + offset + i)), hn::Set(bits, -1)));
      });
    });
  } else {
    with_type(args.p, [&](auto* p) {
      skip_gradient_where(args, row, rows, dz,
                          [&](int64_t i, int64_t c) { return hn::Gt(activated(p + offset, args.p_norm, i, c), hn::Zero(d)); });
    });
  }
}

// Adds the sums of some rows; `dz` has room for them.
void add_skip_gradient_sums(const SkipGradient& args, int64_t row, int64_t rows, float* dz) {
  const int64_t channels = args.sizes.channels;
  skip_gradient_rows(args, row, rows, dz);
  with_type(args.p, [&](auto* p) { add_gradient_sums(dz, p + row * channels, args.p_norm, rows, channels, args.sums); });
}

void skip_gradient(const SkipGradient& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, block = args.sizes.block_rows();
  const Scratch dz = scratch(block * channels);
  for (int64_t begin = chunk.first_out(args.sizes); begin < chunk.size(); begin += block) {
    add_skip_gradient_sums(args, chunk.row + begin, std::min(block, chunk.size() - begin), dz.get());
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
    with_type(args.skip.p, [&](auto* p) {
      for_vectors(run.length, channels, [&](int64_t i, int64_t c) {
        const auto dy = hn::LoadU(d, out + i);
        hn::StoreU(norm_gradient(dy, p + row * channels, args.skip.p_norm, args.p_gradient, i, c), d, out + i);
      });
    });
  });
}

// Back through the gated convolution of one block: from `merged`, the gradient of (f, g), to those of the weights, and to dx,
// whose row i is step i - left of the chunk.
class TapGradient {
 public:
  TapGradient(const GateGradient& args, Products& products, float* dx)
      : args_(args),
        products_(products),
        both_(rows_, 3 * channels_, columns_, 2 * channels_, args.skip.sizes.in_tiles),
        first_(rows_, 3 * channels_, columns_, channels_, false),
        second_(rows_ + channels_, 3 * channels_, columns_, channels_, false),
        sum_weight_(rows_ + 2 * channels_, 3 * channels_, columns_, channels_, false),
        d_both_(2 * channels_, columns_, args.d_gated_weight, args.skip.sizes.in_tiles),
        d_first_(channels_, columns_, args.d_gated_weight, false),
        d_second_(channels_, columns_, args.d_gated_weight + channels_ * columns_, false),
        dx_(dx),
        du_(scratch(args.skip.sizes.block_rows() * 2 * channels_)),
        sum_(scratch(args.skip.sizes.block_rows() / 2 * stride_)),
        shared_(zeros(channels_ * columns_)),
        d_shared_(channels_, columns_, shared_.get(), false) {}

  // Steps without a partner.
  void add(const GateBlock& block, const float* x, const float* merged) {
    const int64_t rows = block.rows();
    products_.multiply(left(merged), both_, {}, du_.get(), rows);
    block.for_first_runs([&](const GateBlock::Run& run) {
      d_both_.add({x + run.step * channels_, channels_, 1, 2, lag_ * channels_}, merged, stride_, rows);
      for (int64_t i = 0; i < 2; ++i) {
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
    d_first_.add({taps.first.get(), channels_, 1}, g, stride_, half);
    d_second_.add({taps.second.get(), channels_, 1}, h, stride_, half);
    d_shared_.add({taps.middle.get(), channels_, 1}, sum_.get(), stride_, half);
    add_column_sums(sum_.get(), stride_, half, columns_, args_.d_gated_bias);

    float *const du = du_.get(), *const dw = du + half * channels_, *const dv = dw + half * channels_;
    products_.multiply(left(g), first_, {}, du, half);
    products_.multiply(left(h), second_, {}, dw, half);
    products_.multiply(left(sum_.get()), sum_weight_, {}, dv, half);
    block.for_first_runs([&](const GateBlock::Run& run) { scatter(run, du, dv, dw); });
  }

  // Completes the gradient of the weight: adds what the pairs left for both taps.
  void finish() {
    d_both_.finish();
    for (int64_t tap = 0; tap < 2; ++tap)
      add_values(shared_.get(), args_.d_gated_weight + tap * channels_ * columns_, channels_ * columns_);
  }

 private:
  Left left(const float* merged) const { return {merged, stride_, 1}; }

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
  Products& products_;
  const int64_t channels_ = args_.skip.sizes.channels, gates_ = args_.skip.sizes.gates, lag_ = args_.skip.sizes.lag();
  const int64_t columns_ = 2 * gates_, stride_ = merged_row(gates_);
  const float* const rows_ = args_.gated_weight_rows;
  const Factor both_, first_, second_, sum_weight_;  // of both taps, side by side; the others are those of pairs
  RowSum d_both_, d_first_, d_second_;
  float* dx_;
  Scratch du_, sum_, shared_;
  RowSum d_shared_;
};

void gate_gradient(const GateGradient& args, const Chunk& chunk) {
  const GateForward& forward = args.forward;
  const Sizes& sizes = forward.sizes;
  const int64_t channels = sizes.channels, gates = sizes.gates, own = sizes.left * channels, size = chunk.size() * channels;
  // Row i of x and dx is step chunk.begin - left + i.
  const Scratch x = activate_steps(forward.a, forward.a_norm, sizes, chunk, chunk.begin - sizes.left, chunk.end + sizes.right);
  const Scratch dx = zeros(size + sizes.lag() * channels);
  const int64_t most = sizes.block_rows();
  const Scratch merged = scratch(most * merged_row(gates)), y = scratch(most * gates), dy = scratch(most * gates),
                dp = scratch(most * channels);
  Products products(sizes.in_tiles);
  GatedProduct gated(forward, products);
  TapGradient gradient(args, products, dx.get());
  const Factor post(args.post_weight_rows, channels, gates, sizes.in_tiles);
  RowSum d_post(channels, gates, args.d_post_weight, sizes.in_tiles);
  GateBlock::for_blocks(sizes, chunk, [&](const GateBlock& block) {
    const int64_t rows = block.rows();
    gated.compute(block, x.get(), merged.get());
    activate_gates(forward, merged.get(), y.get(), rows);
    post_gradient(args, block, chunk, dp.get());
    d_post.add({dp.get(), channels, 1}, y.get(), gates, rows);
    add_column_sums(dp.get(), channels, rows, channels, args.d_post_bias);
    products.multiply({dp.get(), channels, 1}, post, {}, dy.get(), rows);
    gate_gradient_rows(dy.get(), merged.get(), rows, gates);
    if (block.paired()) {
      gradient.add(block, gated.taps(), merged.get());
    } else {
      gradient.add(block, x.get(), merged.get());
    }
  });
  d_post.finish();
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
  const bool in_tiles = args.sizes.in_tiles;
  const Factor both_taps(args.both_taps.weight, 3 * channels, channels, in_tiles),
      first_tap(args.first_tap.weight, 2 * channels, channels, in_tiles),
      second_tap(args.second_tap.weight, 2 * channels, channels, in_tiles);
  Products products(in_tiles);
  for (int64_t begin = chunk.begin; begin < chunk.end;) {
    const bool first = begin < first_until, second = begin >= second_from;
    int64_t end = std::min(chunk.end, begin + args.sizes.block_rows());
    if (first) end = std::min(end, first_until);
    if (!second) end = std::min(end, second_from);
    const int64_t rows = end - begin;
    float* const out = dx + (begin - chunk.begin) * channels;
    begin = end;
    if (!first && !second) continue;
    const StatisticsGradient& part = first && second ? args.both_taps : first ? args.first_tap : args.second_tap;
    const Factor& weight = first && second ? both_taps : first ? first_tap : second_tap;
    const float* const from = x + (end - rows - chunk.begin + (second ? 0 : lag)) * channels;
    products.multiply({from, channels, 1, first && second ? 3 : 2, lag * channels}, weight, {out, channels}, out, rows);
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
  const int64_t block = sizes.block_rows();
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin);
    with_type(args.a, [&](auto* a) {
      add_gradient_sums(dx + begin * channels, a + offset + begin * channels, args.a_norm, rows, channels, args.sums);
    });
  }
}

void pre_gradient(const PreGradient& args, const Chunk& chunk) {
  const int64_t channels = args.sizes.channels, width = args.source.width, block = args.sizes.block_rows();
  const Tag d;
  const Scratch sums = scratch(block * channels), da = scratch(block * channels);
  Products products(args.sizes.in_tiles);
  const Factor weight(args.weight_rows, channels, width, args.sizes.in_tiles);
  RowSum d_weight(width, channels, args.d_weight, args.sizes.in_tiles);
  for (int64_t begin = 0; begin < chunk.size(); begin += block) {
    const int64_t rows = std::min(block, chunk.size() - begin), row = chunk.row + begin, offset = row * channels;
    const float* const source = source_rows(args.source, row, rows, channels, sums.get());
    with_type(args.a, [&](auto* a) {
      for_vectors(rows, channels, [&](int64_t i, int64_t c) {
        const auto dy = hn::LoadU(d, args.dx + offset + i);
        hn::StoreU(norm_gradient(dy, a + offset, args.a_norm, args.a_gradient, i, c), d, da.get() + i);
      });
    });
    d_weight.add({source, width, 1}, da.get(), channels, rows);
    add_column_sums(da.get(), channels, rows, channels, args.d_bias);
    if (!args.d_source) continue;
    float* const out = args.d_source + row * width;
    products.multiply({da.get(), channels, 1}, weight, {}, out, rows);
    if (args.before.sums.grad) add_skip_gradient_sums(args.before, row, rows, da.get());
  }
  d_weight.finish();
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
