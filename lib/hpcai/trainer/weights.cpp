#include "hpcai/trainer/weights.h"

#include <ATen/ATen.h>

namespace hpcai::trainer {

NamedTensors parameters_of(const models::Model& model) {
  NamedTensors tensors;
  for (const auto& item : model.named_parameters()) tensors.emplace_back(item.key(), item.value().detach());
  return tensors;
}

NamedTensors tensors_of(const models::Model& model) {
  NamedTensors tensors = parameters_of(model);
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value().detach());
  return tensors;
}

}  // namespace hpcai::trainer
