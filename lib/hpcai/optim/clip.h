#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// Scales all gradients in place so that their common L2 norm is at most `max_norm`, as torch.nn.utils.clip_grad_norm_. With
// max_norm <= 0 the gradients stay unchanged. `parameters` may have any shapes; those without a gradient are skipped. Returns the
// norm before clipping, [] on the gradients' device, without waiting for the device. Without any gradient the norm is 0.
at::Tensor clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm);

// The sum of the squares of each parameter's gradient, 0 without one. All must be float32 on a CPU. The sums are the same for any
// number of threads.
std::vector<double> gradient_squares(const std::vector<at::Tensor>& parameters);

// The factor by which clip_gradients would scale gradients with these sums of squares.
double clip_factor(const std::vector<double>& gradient_squares, double max_norm);

}  // namespace hpcai::optim
