#pragma once

#include "hpcai/core/threads/openmp.h"

namespace hpcai {

// Sets the compute threads for the life of a test.
class ComputeThreads {
 public:
  explicit ComputeThreads(int count) { set_compute_threads(count); }
  ~ComputeThreads() { set_compute_threads(before_); }
  ComputeThreads(const ComputeThreads&) = delete;
  ComputeThreads& operator=(const ComputeThreads&) = delete;

 private:
  const int before_ = compute_threads();
};

}  // namespace hpcai
