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

double clip_factor(const std::vector<at::Tensor>& parameters, double max_norm) {
  if (max_norm <= 0) return 1;
  std::vector<UpdatePiece> gradients;
  std::vector<at::Tensor> dense;  // copies of gradients that are not, such as expanded ones
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    const at::Tensor& grad = dense.emplace_back(is_flat(parameter.grad()) ? parameter.grad() : parameter.grad().contiguous());
    gradients.push_back({.gradient = grad.const_data_ptr<float>(), .count = grad.numel()});
  }
  double sum = 0;
  for (const double squares : Parts(gradients).sums<double>(
           [](size_t, const UpdatePiece& piece) { return kernels::sum_of_squares(piece.gradient, piece.count); })) {
    sum += squares;
  }
  return std::min(1.0, max_norm / (std::sqrt(sum) + 1e-6));
}

}  // namespace hpcai::optim
