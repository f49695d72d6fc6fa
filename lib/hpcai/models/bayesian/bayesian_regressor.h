#pragma once

#include <memory>

#include "hpcai/models/bayesian/variational_dense.h"
#include "hpcai/models/conditional_density.h"
#include "hpcai/models/encoders/encoder.h"

namespace hpcai::models {

// A regressor whose last two layers are variational (Shen et al., arXiv:1903.01998v1), with a normal density of the values whose
// mean and covariance depend on the input [batch, channels, time]. The covariance is the sum of what the data leave open, which a
// third layer learns, and of what the weights leave open. All is computed without drawing weights (Wu et al., ICLR 2019). The
// values are standardised with their mean and standard deviation in the training data; "relative to the uniform density" means
// one with that mean and deviation.
class BayesianRegressor : public ConditionalDensity {
 public:
  BayesianRegressor(const BayesianRegressorConfig& config, const EncoderShape& shape, int64_t dimensions);

  int64_t dimensions() const override { return dimensions_; }
  at::Tensor context(const at::Tensor& input) override { return encoder_->forward(input); }
  at::Tensor log_density(const at::Tensor& context, const at::Tensor& value) override;
  // The negative evidence lower bound of a sample: -E[log p(value | weights)] + KL(weights || prior) / training samples.
  at::Tensor training_loss(const at::Tensor& context, const at::Tensor& value) override;
  Drawn draw(const at::Tensor& context, const at::Tensor& base) override;
  double log_uniform() const override;
  // The mean of the values.
  at::Tensor forward(const at::Tensor& input) override;

  int64_t examples_wanted() const override { return encoder_->examples_wanted(); }
  void fit_to(const Examples& examples) override;
  // Called once, after the other weights have their initial values: the density's deviation becomes that of the data.
  void start_as_prior();

 private:
  struct Density {
    at::Tensor mean;       // of the standardised values, [batch, dimensions]
    at::Tensor epistemic;  // the covariance that the weights cause, [batch, dimensions, dimensions]
    at::Tensor noise;      // the lower Cholesky factor of the rest, of the same shape
  };
  Density density(const at::Tensor& context) const;  // in float64
  at::Tensor standardised(const at::Tensor& value) const { return (value - centre_) / deviation_; }

  int64_t dimensions_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<VariationalDense> hidden_, output_;
  std::shared_ptr<Dense> noise_;
  at::Tensor centre_, deviation_;  // of the values in the training data, [dimensions]
  at::Tensor samples_;             // how many training samples the weights' prior competes with, []
};

}  // namespace hpcai::models
