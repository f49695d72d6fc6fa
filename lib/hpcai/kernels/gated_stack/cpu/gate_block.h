#pragma once

#include <hwy/base.h>

#include <algorithm>
#include <cstdint>

#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

namespace hpcai::kernels::stack {

// A block of steps of a chunk for which the gates are computed. In a block of pairs, row i and row i + half() are steps that lie
// `lag` apart: they share a tap, for which one matrix product less is needed. The other blocks have steps without a partner.
class GateBlock {
 public:
  // Steps [step, step + length), counted from the chunk's first, are the rows from `row` on.
  struct Run {
    int64_t row, step, length;
  };

  int64_t rows() const { return rows_; }
  bool paired() const { return paired_; }
  int64_t half() const { return rows_ / 2; }

  // Calls work(run) for the rows of the first half of a block of pairs, or all rows of another one. Inline, because the caller
  // may be compiled for an instruction set of its own.
  template <class Work>
  HWY_INLINE void for_first_runs(const Work& work) const {
    if (!paired_) return work(Run{0, first_, rows_});
    // Periods of two lags: the first lag has the first steps of pairs, the second their partners.
    for (int64_t row = 0; row < half();) {
      const int64_t pair = pair_ + row, within = pair % lag_;
      const int64_t length = std::min(lag_ - within, half() - row);
      work(Run{row, first_ + pair / lag_ * 2 * lag_ + within, length});
      row += length;
    }
  }

  // Calls work(run) for all rows.
  template <class Work>
  HWY_INLINE void for_runs(const Work& work) const {
    for_first_runs(work);
    if (!paired_) return;
    for_first_runs([&](const Run& run) { work(Run{run.row + half(), run.step + lag_, run.length}); });
  }

  // Calls work(block) for blocks of at most sizes.block_rows() rows that have each step from `chunk.first_out` on once. Tiles
  // multiply so quickly that nothing is gained by pairs.
  template <class Work>
  static void for_blocks(const Sizes& sizes, const Chunk& chunk, const Work& work) {
    const int64_t first = chunk.first_out(sizes), end = chunk.size(), lag = sizes.lag();
    const int64_t whole = sizes.in_tiles ? 0 : (end - first) / (2 * lag) * lag;  // pairs of whole periods
    const int64_t begin = first + 2 * whole;                                     // of the last, incomplete period
    const int64_t pairs = sizes.in_tiles ? 0 : whole + std::max<int64_t>(0, end - begin - lag);
    const int64_t rows = sizes.block_rows();
    for (int64_t pair = 0; pair < pairs; pair += rows / 2) {
      work(GateBlock(true, first, 2 * std::min(rows / 2, pairs - pair), pair, lag));
    }
    const int64_t alone = begin + (pairs - whole), alone_end = sizes.in_tiles ? end : std::min(end, begin + lag);
    for (int64_t step = alone; step < alone_end; step += rows) {
      work(GateBlock(false, step, std::min(rows, alone_end - step), 0, lag));
    }
  }

 private:
  GateBlock(bool paired, int64_t first, int64_t rows, int64_t pair, int64_t lag)
      : paired_(paired), first_(first), rows_(rows), pair_(pair), lag_(lag) {}

  bool paired_;
  int64_t first_;  // the first step: of all pairs, or of this block
  int64_t rows_;
  int64_t pair_;  // number of the first pair
  int64_t lag_;
};

}  // namespace hpcai::kernels::stack
