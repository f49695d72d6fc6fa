#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// The L2 norms of n tensors of any shapes: [n] on their device, without waiting for it. Needs n > 0.
at::Tensor norms(const std::vector<at::Tensor>& tensors);

// ratio [n], limited to `max_ratio` (0: no limit), and 1 for each tensor whose weight_norm [n] or update_norm [n] is 0.
at::Tensor trusted(const at::Tensor& ratio, const at::Tensor& weight_norm, const at::Tensor& update_norm, double max_ratio);

// The same of one tensor.
double trusted(double ratio, double weight_norm, double update_norm, double max_ratio);

// n tensors of any shapes, each multiplied by its element of factors [n]; new tensors.
std::vector<at::Tensor> scaled_each(const std::vector<at::Tensor>& tensors, const at::Tensor& factors);

}  // namespace hpcai::optim
