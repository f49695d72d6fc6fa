#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

// Distances between two sets of feature vectors, a [n, features] and b [m, features], of type float32 or float64 and on the same
// device. They are differentiable, and read no number back from the device.
namespace hpcai::tasks {

// The squared maximum mean discrepancy (Gretton et al. 2012, equation 5, the biased estimate) with a sum of five Gaussian
// kernels, as Long et al. 2015 (arXiv:1502.02791): exp(-|x - y|^2 / (2^k s)), k = -2 .. 2, where s is the mean squared
// distance of two different vectors of both sets together and is not differentiated. Returns [].
at::Tensor mmd(const at::Tensor& a, const at::Tensor& b);

// The Sinkhorn divergence (Feydy et al. 2019, arXiv:1810.08278, equation 3) for the cost |x - y|^2 / 2 and even weights:
// OT(a, b) - OT(a, a) / 2 - OT(b, b) / 2, where OT is the entropic transport cost with temperature blur^2. `blur` is in the units
// of the vectors. `iterations`: of the symmetric Sinkhorn loop. By the envelope theorem only the last evaluation is
// differentiated. Returns [].
at::Tensor sinkhorn_divergence(const at::Tensor& a, const at::Tensor& b, const at::Tensor& blur, int64_t iterations = 60);

// The mean squared distance of two different vectors of both sets together, [], not differentiated; at least 1e-12.
at::Tensor mean_squared_distance(const at::Tensor& a, const at::Tensor& b);

// The values of `x`, whose gradient is multiplied by -`strength` (Ganin et al. 2016, arXiv:1505.07818).
at::Tensor reverse_gradient(const at::Tensor& x, double strength = 1);

}  // namespace hpcai::tasks
