#include "hpcai/optim/trust_ratio.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hpcai::optim {

at::Tensor norms(const std::vector<at::Tensor>& tensors) { return at::stack(at::_foreach_norm(tensors, 2)); }

at::Tensor trusted(const at::Tensor& ratio, const at::Tensor& weight_norm, const at::Tensor& update_norm, double max_ratio) {
  const at::Tensor usable = (weight_norm > 0).logical_and(update_norm > 0);
  return at::where(usable, max_ratio > 0 ? ratio.clamp_max(max_ratio) : ratio, at::ones_like(ratio));
}

double trusted(double ratio, double weight_norm, double update_norm, double max_ratio) {
  if (!(weight_norm > 0 && update_norm > 0)) return 1;
  return max_ratio > 0 ? std::min(ratio, max_ratio) : ratio;
}

std::vector<at::Tensor> scaled_each(const std::vector<at::Tensor>& tensors, const at::Tensor& factors) {
  return at::_foreach_mul(tensors, factors.unbind());
}

}  // namespace hpcai::optim
