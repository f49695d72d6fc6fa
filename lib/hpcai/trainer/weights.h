#pragma once

#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/models/model.h"

namespace hpcai::trainer {

// The parameters of a model with their names, in the model's order. The tensors share the model's memory.
NamedTensors parameters_of(const models::Model& model);
// The parameters and then the buffers (running statistics) of a model, with their names, in the model's order. The tensors share
// the model's memory.
NamedTensors tensors_of(const models::Model& model);

// Copies each tensor of `from` into the one at the same place of `into`, of the same shape. It reads nothing from a GPU.
void copy_each(const std::vector<at::Tensor>& into, const std::vector<at::Tensor>& from);

}  // namespace hpcai::trainer
