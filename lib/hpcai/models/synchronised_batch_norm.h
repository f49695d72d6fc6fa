#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::models {

// The synchronised normalisation for any device, type and layout (kernels::batch_norm is for the common ones),
// differentiable in input, weight and bias; float or double inside whatever the input's type. Updates the running
// statistics where they are defined. Ranks may hold different numbers of samples, also none. Throws Error(usage) where all
// ranks together have one value a channel (tested on CPUs only).
at::Tensor synchronised_batch_norm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                   at::Tensor running_mean, at::Tensor running_var, double eps, double momentum,
                                   const kernels::Sum& sum);

}  // namespace hpcai::models
