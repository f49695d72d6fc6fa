#include "hpcai/models/flow/conditional_affine.h"

namespace hpcai::models {
namespace {

// The entries below the diagonal, row by row [rows, dimensions (dimensions - 1) / 2], as matrices with zeros elsewhere.
at::Tensor below_diagonal(const at::Tensor& entries, int64_t dimensions) {
  const at::Tensor where = at::tril_indices(dimensions, dimensions, -1, entries.options().dtype(at::kLong));
  const at::Tensor zeros = at::zeros({entries.size(0), dimensions * dimensions}, entries.options());
  return zeros.index_copy(1, where[0] * dimensions + where[1], entries).view({-1, dimensions, dimensions});
}

}  // namespace

ConditionalAffine::ConditionalAffine(int64_t dimensions, int64_t features) : dimensions_(dimensions) {
  const int64_t terms = 2 * dimensions + dimensions * (dimensions - 1) / 2;
  terms_ = register_module("terms", std::make_shared<Dense>(features, terms));
}

ConditionalAffine::Output ConditionalAffine::forward(const at::Tensor& context, const at::Tensor& value, bool inverse) const {
  const at::Tensor terms = terms_->forward(context).to(value.scalar_type());
  const at::Tensor mean = terms.narrow(1, 0, dimensions_);
  const at::Tensor scale = (terms.narrow(1, dimensions_, dimensions_) / kMostLogScale).tanh() * kMostLogScale;
  const at::Tensor lower = below_diagonal(terms.narrow(1, 2 * dimensions_, terms.size(1) - 2 * dimensions_), dimensions_);
  const at::Tensor log_slope = scale.sum(1);
  if (!inverse) {
    const at::Tensor residual = scale.exp() * (value - mean);
    return {residual + at::matmul(lower, residual.unsqueeze(2)).squeeze(2), log_slope};
  }
  const at::Tensor residual = at::linalg_solve_triangular(lower, value.unsqueeze(2), /*upper=*/false, /*left=*/true,
                                                          /*unitriangular=*/true);
  return {mean + (-scale).exp() * residual.squeeze(2), -log_slope};
}

}  // namespace hpcai::models
