#include "hpcai/trainer/weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

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

void copy_each(const std::vector<at::Tensor>& into, const std::vector<at::Tensor>& from) {
  const at::NoGradGuard no_grad;
  if (!into.empty()) at::_foreach_copy_(into, from);
}

}  // namespace hpcai::trainer
