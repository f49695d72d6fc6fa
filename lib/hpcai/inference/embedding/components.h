#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::inference {

// Points seen along the directions in which they vary most.
struct Components {
  at::Tensor positions;                   // float64 [n, dimensions] on the CPU, of mean 0
  std::vector<double> share_of_variance;  // of the whole variance, in each direction; all 0 if the points do not vary
};

// The first principal components of points [n, values]. The signs are those of models::principal_components, so that results
// repeat, and the result is the same for any number of threads. If there are fewer values than `dimensions`, the others are 0.
Components first_components(const at::Tensor& points, int64_t dimensions);

}  // namespace hpcai::inference
