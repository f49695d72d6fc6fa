#include "hpcai/trainer/threads.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "hpcai/core/threads/openmp.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

void set_threads(int threads) {
  set_compute_threads(threads);
  // at::set_num_threads starts the threads of LibTorch's pool. It hangs if the system refuses one, so this is checked first.
  require_threads(threads - 1, fmt::format("cannot compute with {} threads", threads));
  at::set_num_threads(threads);
}

void set_threads(const TrainingConfig& training, const distributed::Placement& placement) {
  set_threads(distributed::choose_threads(training.threads, placement).threads);
}

}  // namespace hpcai::trainer
