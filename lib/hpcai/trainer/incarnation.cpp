#include "hpcai/trainer/incarnation.h"

#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/threads.h"

namespace hpcai::trainer {

Incarnation::Incarnation(const Experiment& experiment, const distributed::World& world)
    : experiment_(experiment),
      group_(distributed::make_group(world, experiment.distributed, use_gpu(experiment.training.device))),
      hosts_(group_->all_gather(distributed::host_name())) {
  set_threads(experiment.training, group_->placement());
}

void Incarnation::build() { training_ = trainer::build(experiment_, *group_); }

void Incarnation::begin() { loop_.emplace(training_.parts(*group_), training_.settings); }

}  // namespace hpcai::trainer
