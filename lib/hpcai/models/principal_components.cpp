#include "hpcai/models/principal_components.h"

#include <algorithm>

namespace hpcai::models {
namespace {

constexpr int64_t kRowsAtOnce = 1024;  // how many samples are held in float64

}  // namespace

PrincipalComponents principal_components(const at::Tensor& samples, int64_t components) {
  const int64_t n = samples.size(0), values = samples.size(1);
  const at::Tensor mean = samples.mean(0, /*keepdim=*/true, at::kDouble).cpu();
  at::Tensor covariance = at::zeros({values, values}, at::kDouble);
  for (int64_t first = 0; first < n; first += kRowsAtOnce) {
    const at::Tensor rows = samples.narrow(0, first, std::min(kRowsAtOnce, n - first)).to(at::kCPU, at::kDouble) - mean;
    covariance.addmm_(rows.t(), rows, 1, 1.0 / static_cast<double>(n));
  }
  const auto [eigenvalues, eigenvectors] = at::linalg_eigh(covariance);  // smallest first, vectors in columns
  at::Tensor directions = eigenvectors.t().flip(0).narrow(0, 0, components).contiguous();
  const at::Tensor largest = directions.gather(1, directions.abs().argmax(1, /*keepdim=*/true));
  directions = directions * at::where(largest < 0, -1.0, 1.0);
  return {directions, eigenvalues.flip(0).narrow(0, 0, components).clamp_min(0)};
}

}  // namespace hpcai::models
