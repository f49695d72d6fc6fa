#pragma once

#include "hpcai/tasks/network.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// The model in the precision of a training.
inline tasks::Network network_of(models::Model& model, Precision precision) {
  if (!is_narrow(precision)) return tasks::Network(model);
  return tasks::Network(model, precision == Precision::bf16 ? at::kBFloat16 : at::kHalf);
}

}  // namespace hpcai::trainer
