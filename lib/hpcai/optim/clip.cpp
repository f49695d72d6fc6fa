#include "hpcai/optim/clip.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "hpcai/optim/one_pass.h"

namespace hpcai::optim {

at::Tensor clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm) {
  c10::NoGradGuard no_grad;
  std::vector<at::Tensor> grads;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) grads.push_back(parameter.grad());
  }
  if (grads.empty()) return at::zeros({});
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads, 2)), 2);
  if (max_norm > 0) at::_foreach_mul_(grads, (max_norm / (norm + 1e-6)).clamp_max(1));
  return norm;
}

std::vector<double> gradient_squares(const std::vector<at::Tensor>& parameters) {
  std::vector<UpdatePiece> gradients(parameters.size());
  std::vector<at::Tensor> dense;  // copies of gradients that are not, such as expanded ones
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& own = parameters[i].grad();
    if (!own.defined()) continue;
    const at::Tensor& grad = dense.emplace_back(is_flat(own) ? own : own.contiguous());
    gradients[i].gradient = grad.const_data_ptr<float>();
    gradients[i].count = grad.numel();
  }
  return Parts(gradients).sums<double>(
      [](size_t, const UpdatePiece& piece) { return kernels::sum_of_squares(piece.gradient, piece.count); });
}

double clip_factor(const std::vector<double>& gradient_squares, double max_norm) {
  double sum = 0;
  for (const double squares : gradient_squares) sum += squares;
  return std::min(1.0, max_norm / (std::sqrt(sum) + 1e-6));
}

}  // namespace hpcai::optim
