#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

namespace hpcai::kernels::stack {

// How the rows of one layer, from step first_in of each sample on, are cut into chunks, and the chunks into tasks. A chunk fits
// the second cache level and is longer than the layer's lag. A task is a range of chunks that one thread does in order, with sums
// of its own. The cut depends on the sizes only, so sums over tasks do not depend on the number of threads.
struct RowPartition {
  Sizes sizes;
  std::vector<Chunk> chunks;
  int64_t chunks_per_sample = 1, tasks = 1;

  static constexpr int64_t kChunkSteps = 2048;
  static constexpr int64_t kMostTasks = 64;

  explicit RowPartition(const Sizes& of) : sizes(of) {
    const int64_t first = sizes.first_in, steps = sizes.steps - first;
    chunks_per_sample = std::max<int64_t>(1, steps / std::max(kChunkSteps, sizes.lag()));
    for (int64_t sample = 0; sample < sizes.samples; ++sample) {
      for (int64_t i = 0; i < chunks_per_sample; ++i) {
        const int64_t begin = first + i * steps / chunks_per_sample, end = first + (i + 1) * steps / chunks_per_sample;
        chunks.push_back({.begin = begin, .end = end, .row = sample * sizes.steps + begin});
      }
    }
    tasks = std::min<int64_t>(kMostTasks, static_cast<int64_t>(chunks.size()));
  }

  // Calls work(chunk number, task number) for every chunk, in order within a task.
  template <class Work>
  void run(const Work& work) const {
    const auto count = static_cast<int64_t>(chunks.size());
    for_pieces(tasks, [&](int64_t task) {
      for (int64_t i = task * count / tasks; i < (task + 1) * count / tasks; ++i) work(i, task);
    });
  }

  // Zeros [tasks, columns], where each task adds to its own row.
  at::Tensor partial_sums(int64_t columns, at::ScalarType type = at::kDouble) const { return at::zeros({tasks, columns}, type); }
};

// A task's row of partial sums of type T.
template <class T>
T* task_row(const at::Tensor& partial, int64_t task) {
  return partial.mutable_data_ptr<T>() + task * partial.size(1);
}

// The sum over tasks, float64 [columns].
inline at::Tensor total(const at::Tensor& partial) { return partial.sum(0, false, at::kDouble); }

}  // namespace hpcai::kernels::stack
