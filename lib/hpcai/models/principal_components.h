#pragma once

#include <ATen/ATen.h>

namespace hpcai::models {

struct PrincipalComponents {
  at::Tensor directions;  // orthonormal rows, [components, values]; the largest entry of each row by size is positive
  at::Tensor variances;   // of the samples along each direction, largest first, [components]
};

// The leading principal components of samples [n, values]: eigenvectors of their covariance, in float64 on the CPU. `components`
// must not exceed `values`. Takes n values^2 + 10 values^3 operations.
PrincipalComponents principal_components(const at::Tensor& samples, int64_t components);

}  // namespace hpcai::models
