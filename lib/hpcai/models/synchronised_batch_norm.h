#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::models {

// Batch normalisation with the statistics of all ranks, for every device, type and layout (kernels::batch_norm covers the common
// ones). input [batch, channel, ...] -> the same shape; weight, bias, running_mean and running_var [channel]. Differentiable in
// input, weight and bias. Computes in float or double for every input type. Updates the running statistics if they are defined.
// The ranks may have different numbers of samples, also none. Throws Error{usage} if all ranks together have one value a channel;
// this is checked on CPUs only, because a GPU would have to wait.
at::Tensor synchronised_batch_norm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                   at::Tensor running_mean, at::Tensor running_var, double eps, double momentum,
                                   const kernels::Sum& sum);

}  // namespace hpcai::models
