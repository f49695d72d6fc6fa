#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// The L2 norm of each tensor, [number of tensors], on their device: nothing waits for it. The list is not empty.
at::Tensor norms(const std::vector<at::Tensor>& tensors);

// `ratio` [n], at most `max_ratio` (0: no limit), and 1 where the norm of the weight or of the update is 0.
at::Tensor trusted(const at::Tensor& ratio, const at::Tensor& weight_norm, const at::Tensor& update_norm, double max_ratio);

// Each tensor times its factor [n]; new tensors.
std::vector<at::Tensor> scaled_each(const std::vector<at::Tensor>& tensors, const at::Tensor& factors);

}  // namespace hpcai::optim
