#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// Scales all gradients in place so that their global L2 norm is at most `max_norm` (0 or less: only measures), as
// torch.nn.utils.clip_grad_norm_. Returns the norm before clipping, a scalar on the gradients' device: nothing waits
// for the device. Parameters without a gradient are skipped; without any gradient the norm is 0.
at::Tensor clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm);

}  // namespace hpcai::optim
