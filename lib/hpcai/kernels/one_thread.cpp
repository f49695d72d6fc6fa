#include "hpcai/kernels/one_thread.h"

#include <ATen/Parallel.h>

#include "hpcai/core/threads/openmp.h"

namespace hpcai::kernels {

OneThread::OneThread(bool yes) {
  if (!yes) return;
  before_ = compute_threads();
  at::set_num_threads(1);
}

OneThread::~OneThread() {
  if (before_ > 0) at::set_num_threads(before_);
}

}  // namespace hpcai::kernels
