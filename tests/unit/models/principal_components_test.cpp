#include "hpcai/models/principal_components.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

namespace hpcai::models {

TEST_CASE("principal components of samples with a known covariance") {
  at::manual_seed(1);
  // Orthonormal directions with variances 9, 4, 1, 0.01, 0.01 around a mean.
  const at::Tensor axes = std::get<0>(at::linalg_qr(at::randn({5, 5}, at::kDouble))).t();
  const at::Tensor deviations = torch::tensor({3.0, 2.0, 1.0, 0.1, 0.1}, at::kDouble);
  const at::Tensor samples = (at::randn({5000, 5}, at::kDouble) * deviations).matmul(axes) + 7;
  const PrincipalComponents found = principal_components(samples, 3);
  CHECK(at::allclose(found.directions.matmul(found.directions.t()), at::eye(3, at::kDouble), 1e-10, 1e-10));
  CHECK(at::allclose(found.directions.matmul(axes.narrow(0, 0, 3).t()).abs(), at::eye(3, at::kDouble), 0.05, 0.05));
  CHECK(at::allclose(found.variances, deviations.narrow(0, 0, 3).square(), 0.1, 0));
  const at::Tensor projected = (samples - samples.mean(0)).matmul(found.directions.t());
  CHECK(at::allclose(projected.square().mean(0), found.variances, 1e-10, 1e-10));
  const at::Tensor largest = found.directions.gather(1, found.directions.abs().argmax(1, true));
  CHECK((largest > 0).all().item<bool>());
}

TEST_CASE("principal components of fewer samples than values, and of float32 in many pieces") {
  at::manual_seed(2);
  const PrincipalComponents few = principal_components(at::randn({3, 8}), 5);
  CHECK(few.variances[2].item<double>() < 1e-12);  // three points span a plane
  CHECK(few.directions.sizes() == at::IntArrayRef({5, 8}));
  const at::Tensor samples = at::randn({3000, 6}) * torch::tensor({1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  const at::Tensor centred = samples.to(at::kDouble) - samples.to(at::kDouble).mean(0);
  const at::Tensor covariance = centred.t().matmul(centred) / 3000;
  const PrincipalComponents found = principal_components(samples, 6);
  const at::Tensor again = found.directions.t().matmul(at::diag(found.variances)).matmul(found.directions);
  CHECK(at::allclose(again, covariance, 1e-6, 1e-6));
}

}  // namespace hpcai::models
