#include "hpcai/checkpoint/snapshot.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

namespace hpcai::checkpoint {
namespace {

bool fits(const at::Tensor& memory, const at::Tensor& tensor) {
  return memory.sizes() == tensor.sizes() && memory.scalar_type() == tensor.scalar_type();
}

void copy_to_host(const NamedTensors& tensors, NamedTensors& copies) {
  const at::NoGradGuard no_grad;
  copies.resize(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    at::Tensor& copy = copies[i].second;
    if (!copy.defined() || !fits(copy, tensor)) copy = at::empty(tensor.sizes(), at::TensorOptions(tensor.scalar_type()));
    copy.copy_(tensor);
    copies[i].first = name;
  }
}

}  // namespace

void take_snapshot(const TrainingState& state, TrainingState& copy) {
  copy_to_host(state.model, copy.model);
  copy_to_host(state.optimizer, copy.optimizer);
  copy.state = state.state;
}

}  // namespace hpcai::checkpoint
