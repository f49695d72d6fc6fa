#include "hpcai/trainer/incarnation.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/fit_model.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/threads.h"

namespace hpcai::trainer {

Incarnation::Incarnation(const Experiment& experiment, const distributed::World& world) : experiment_(experiment) {
  join_group(world);
}

void Incarnation::leave_group() {
  loop_.reset();
  group_.reset();
  addresses_.clear();
}

void Incarnation::join_group(const distributed::World& world) {
  distributed::DistributedConfig config = experiment_.distributed;
  // Ranks that go on alone were alive a moment ago, so they come soon.
  if (world.goes_on_alone()) config.connect_timeout_s = std::min(config.connect_timeout_s, config.timeout_s);
  group_ = distributed::make_group(world, config, use_gpu(experiment_.training.device));
  hosts_ = group_->all_gather(distributed::host_name());
  addresses_ = group_->all_gather(group_->address());
  set_threads(experiment_.training, group_->placement());
  if (!is_built()) return;
  synchronise_over(*training_.model, *group_);
  divide_among(training_, experiment_, *group_);
}

// The loop broadcasts the weights of rank 0, so only rank 0 fits the model.
void Incarnation::build() {
  training_ = trainer::build(experiment_, *group_);
  has_initial_weights_ = false;
  if (group_->rank() > 0) return;
  fit_model(*training_.model, *training_.data.train, static_cast<uint64_t>(experiment_.training.seed), at::get_num_threads());
}

void Incarnation::set_initial_weights() {
  if (group_->rank() > 0 || has_initial_weights_) return;
  initial_weights_ = load_initial_weights(experiment_.model, *training_.model);
  has_initial_weights_ = true;
}

void Incarnation::begin(bool rewindable) {
  training_.settings.rewindable = rewindable;
  loop_.emplace(training_.parts(*group_), training_.settings);
}

}  // namespace hpcai::trainer
