#pragma once

#include "hpcai/models/layers.h"

namespace hpcai::models {

// A linear map of the values, given a context:
//   y = L exp(s) (value - mu),
// L is lower triangular with ones on the diagonal, exp(s) is diagonal. mu, s and the entries of L are linear functions of the
// context. So y is standard normal where the values are normal with mean mu and any covariance, however narrow.
// s is kept within +-kMostLogScale by kMostLogScale tanh(. / kMostLogScale).
class ConditionalAffine : public torch::nn::Module {
 public:
  static constexpr double kMostLogScale = 8;

  ConditionalAffine(int64_t dimensions, int64_t features);

  // Makes the map the identity.
  void start_as_identity() { terms_->zero(); }

  struct Output {
    at::Tensor value;      // [batch, dimensions]
    at::Tensor log_slope;  // log |determinant of the Jacobian|, [batch], or [1] if the context is one row
  };
  // value [batch, dimensions], context [batch or 1, features]. `inverse`: from y to the value.
  Output forward(const at::Tensor& context, const at::Tensor& value, bool inverse) const;

 private:
  int64_t dimensions_;
  std::shared_ptr<Dense> terms_;  // [features] -> mu, s before its limit, the rows of L below its diagonal
};

}  // namespace hpcai::models
