#include "hpcai/trainer/incarnation.h"

#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/threads.h"

namespace hpcai::trainer {

Incarnation::Incarnation(const Experiment& experiment, const distributed::World& world) : experiment_(experiment) {
  join_group(world);
}

void Incarnation::leave_group() {
  loop_.reset();
  group_.reset();
}

void Incarnation::join_group(const distributed::World& world) {
  group_ = distributed::make_group(world, experiment_.distributed, use_gpu(experiment_.training.device));
  hosts_ = group_->all_gather(distributed::host_name());
  set_threads(experiment_.training, group_->placement());
  if (is_built()) synchronise_over(*training_.model, *group_);
}

void Incarnation::build() { training_ = trainer::build(experiment_, *group_); }

void Incarnation::begin(bool rewindable) {
  training_.settings.rewindable = rewindable;
  loop_.emplace(training_.parts(*group_), training_.settings);
}

}  // namespace hpcai::trainer
