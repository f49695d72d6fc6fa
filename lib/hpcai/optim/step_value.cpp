#include "hpcai/optim/step_value.h"

#include <ATen/ATen.h>

namespace hpcai::optim {

StepValue::StepValue(at::Device device) : tensor_(at::zeros({}, at::TensorOptions(at::kFloat).device(device))) {}

void StepValue::set(double value) {
  number_ = value;
  if (is_tensor()) tensor_.fill_(value);
}

void multiply_each(at::TensorList tensors, const StepValue& factor) {
  if (factor.is_tensor()) {
    at::_foreach_mul_(tensors, factor.tensor());
  } else if (factor.number() != 1) {
    at::_foreach_mul_(tensors, factor.number());
  }
}

void divide_each(at::TensorList tensors, const StepValue& divisor) {
  if (divisor.is_tensor()) {
    at::_foreach_div_(tensors, divisor.tensor());
  } else if (divisor.number() != 1) {
    at::_foreach_div_(tensors, divisor.number());
  }
}

std::vector<at::Tensor> divided_each(at::TensorList tensors, const StepValue& divisor) {
  return divisor.is_tensor() ? at::_foreach_div(tensors, divisor.tensor()) : at::_foreach_div(tensors, divisor.number());
}

void add_scaled_each(at::TensorList into, at::TensorList what, const StepValue& factor, bool subtract) {
  if (factor.is_tensor()) {
    at::_foreach_add_(into, at::_foreach_mul(what, factor.tensor()), subtract ? -1 : 1);
  } else {
    at::_foreach_add_(into, what, subtract ? -factor.number() : factor.number());
  }
}

void approach_each(at::TensorList tensors, at::TensorList ends, const StepValue& weight) {
  if (weight.is_tensor()) {
    auto differences = at::_foreach_sub(ends, tensors);
    at::_foreach_mul_(differences, weight.tensor());
    at::_foreach_add_(tensors, differences);
  } else {
    at::_foreach_lerp_(tensors, ends, weight.number());
  }
}

}  // namespace hpcai::optim
