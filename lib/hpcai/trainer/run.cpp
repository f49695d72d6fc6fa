#include "hpcai/trainer/run.h"

#include "hpcai/trainer/session.h"

namespace hpcai::trainer {

int run_experiment(const Experiment& experiment, const distributed::World& world, const RunOptions& options) {
  return static_cast<int>(Session(experiment, world, options).run());
}

}  // namespace hpcai::trainer
