#pragma once

#include "hpcai/core/named_tensors.h"
#include "hpcai/models/model.h"

namespace hpcai::trainer {

// Parameters and running statistics by name, in the model's order; they share the model's memory.
NamedTensors tensors_of(const models::Model& model);

}  // namespace hpcai::trainer
