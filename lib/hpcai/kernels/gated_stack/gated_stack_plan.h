#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"
#include "hpcai/kernels/batch_norm/folded_norm.h"

namespace hpcai::kernels::stack {

// How one layer's rows are cut: chunks that fit the second cache level and are longer than the layer's lag, dealt to tasks
// in order. Depends on the sizes only, so that sums over tasks do not depend on the number of threads.
struct Plan {
  Sizes sizes;
  std::vector<Chunk> chunks;
  int64_t chunks_per_sample = 1, tasks = 1;

  static constexpr int64_t kChunkSteps = 2048;
  static constexpr int64_t kMostTasks = 64;

  explicit Plan(const Sizes& of) : sizes(of) {
    chunks_per_sample = std::max<int64_t>(1, sizes.steps / std::max(kChunkSteps, sizes.lag()));
    for (int64_t sample = 0; sample < sizes.samples; ++sample) {
      for (int64_t i = 0; i < chunks_per_sample; ++i) {
        const int64_t begin = i * sizes.steps / chunks_per_sample, end = (i + 1) * sizes.steps / chunks_per_sample;
        chunks.push_back({begin, end, sample * sizes.steps + begin});
      }
    }
    tasks = std::min<int64_t>(kMostTasks, static_cast<int64_t>(chunks.size()));
  }

  // work(chunk number, task number), in order within a task
  template <class Work>
  void run(const Work& work) const {
    const auto count = static_cast<int64_t>(chunks.size());
    for_pieces(tasks, [&](int64_t task) {
      for (int64_t i = task * count / tasks; i < (task + 1) * count / tasks; ++i) work(i, task);
    });
  }

  // Zeros, one row a task.
  at::Tensor partial(int64_t columns, at::ScalarType type = at::kDouble) const { return at::zeros({tasks, columns}, type); }
};

// Values of a norm as the passes want them: rows scale, shift, mean, inverse in float32.
inline at::Tensor packed(const AffineNorm& norm) {
  return at::stack({norm.scale, norm.shift, norm.mean, norm.inverse}).to(at::kFloat);
}

inline Norm norm_of(const at::Tensor& pack) {
  const float* const values = pack.const_data_ptr<float>();
  const int64_t channels = pack.size(1);
  return {values, values + channels, values + 2 * channels, values + 3 * channels};
}

}  // namespace hpcai::kernels::stack
