#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <memory>

#include "hpcai/models/layers.h"

namespace hpcai::models {

// Independent normal numbers: mean and variance, of one shape.
struct Moments {
  at::Tensor mean, variance;
};

// The moments of max(x, 0) of normal numbers x.
Moments relu_moments(const Moments& normal);

// A dense layer whose weights and biases are independent normal numbers, with means and standard deviations that are learnt
// (Graves, NeurIPS 2011; Blundell et al., ICML 2015). Nothing is drawn: the moments of the outputs follow from those of the
// inputs (Wu et al., ICLR 2019).
class VariationalDense : public torch::nn::Module {
 public:
  // The prior of each weight and bias is normal with the standard deviation `prior` / sqrt(in). The deviations start at a tenth
  // of 1 / sqrt(in); the means are a Dense, which initialise.h fills.
  VariationalDense(int64_t in, int64_t out, double prior);

  // The moments of each output, for inputs that are independent of each other and of the weights: [batch, in] -> [batch, out],
  // in the type of the input, which is best float64: variances are differences.
  Moments forward(const Moments& input) const;
  // The covariance matrix of the outputs that uncertain inputs and weights cause: [batch, in] -> [batch, out, out]
  at::Tensor covariance(const Moments& input) const;

  // The Kullback-Leibler divergence of the weights' distribution from their prior, in nats, [].
  at::Tensor divergence() const;

 private:
  at::Tensor variance(const at::Tensor& log_ratio, at::ScalarType type) const;
  at::Tensor own_variance(const Moments& input) const;  // of the outputs, from the uncertainty of the weights: [batch, out]

  double prior_deviation_;
  std::shared_ptr<Dense> mean_;
  // The logarithm of the deviation in units of the prior's, so that weight decay pulls it to the prior.
  at::Tensor weight_log_ratio_;  // [out, in]
  at::Tensor bias_log_ratio_;    // [out]
};

}  // namespace hpcai::models
