#pragma once

#include <cstdint>

#include "hpcai/core/named_tensors.h"
#include "hpcai/distributed/config.h"
#include "hpcai/distributed/exchange/compare_state.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// When the states of the ranks are compared, and what happens if they differ; see DistributedConfig.
struct DriftSettings {
  int64_t check_every_steps = 1000;
  distributed::OnDrift on_drift = distributed::OnDrift::stop;

  static DriftSettings from(const distributed::DistributedConfig& config) { return {config.check_every_steps, config.on_drift}; }
};

// Gives the ranks of `difference` the `state` of its majority, and logs it. Throws SharedError{ranks_disagree} that names them
// and their hosts if there is no majority, or with OnDrift::stop. `state`: the tensors that compare_state() has compared. `step`:
// the steps so far. Every rank calls this function.
void resolve_drift(distributed::Group& group, const distributed::StateDifference& difference, const NamedTensors& state,
                   distributed::OnDrift on_drift, int64_t step);

}  // namespace hpcai::trainer
