#include "hpcai/inference/embedding/components.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/kernels/one_thread.h"
#include "hpcai/models/principal_components.h"

namespace hpcai::inference {

Components first_components(const at::Tensor& points, int64_t dimensions) {
  const kernels::OneThread one_thread(true);
  at::Tensor centred = points.detach().to(at::kCPU, at::kDouble);
  centred = centred - centred.mean(0, /*keepdim=*/true);
  const int64_t found = std::min(dimensions, centred.size(1));
  const models::PrincipalComponents components = models::principal_components(centred, found);
  const double whole = centred.square().mean(0).sum().item<double>();
  Components result;
  result.positions = at::constant_pad_nd(centred.mm(components.directions.t()), {0, dimensions - found}).contiguous();
  for (int64_t d = 0; d < dimensions; ++d) {
    const double variance = d < found ? components.variances[d].item<double>() : 0;
    result.share_of_variance.push_back(whole > 0 ? variance / whole : 0);
  }
  return result;
}

}  // namespace hpcai::inference
