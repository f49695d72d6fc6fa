#include "hpcai/kernels/once_differentiable.h"

#include <torch/csrc/autograd/functions/basic_ops.h>

#include <string>

namespace hpcai::kernels {

torch::autograd::variable_list without_derivative(torch::autograd::variable_list gradients, const char* name) {
  // LibTorch gives the error to those that require a gradient.
  for (at::Tensor& gradient : gradients) {
    if (gradient.defined()) gradient = gradient.detach().requires_grad_();
  }
  const std::string text = std::string(name) + ": its gradient has no derivative, for which create_graph asked";
  const auto count = static_cast<int64_t>(gradients.size());
  return torch::autograd::DelayedError(text, count).apply(std::move(gradients));
}

}  // namespace hpcai::kernels
