#pragma once

#include "hpcai/models/conditional_density.h"
#include "hpcai/models/encoders/encoder.h"
#include "hpcai/models/flow/conditional_flow.h"
#include "hpcai/models/flow/normal_scores.h"

namespace hpcai::models {

// Neural posterior estimation (Papamakarios, Murray 2016; for gravitational waves Green, Gair 2021 and Dax et al. 2021):
// an encoder makes features of the strain [batch, channels, length], and a flow is the density of the parameters given them.
// It starts as the uniform density for any strain.
class WaveformPosterior : public ConditionalDensity {
 public:
  WaveformPosterior(const WaveformPosteriorConfig& config, const EncoderShape& shape, int64_t dimensions);

  int64_t dimensions() const override { return dimensions_; }
  at::Tensor context(const at::Tensor& input) override { return encoder_->forward(input); }
  at::Tensor log_density(const at::Tensor& context, const at::Tensor& value) override;
  Drawn draw(const at::Tensor& context, const at::Tensor& base) override;
  double log_uniform() const override { return scores_->log_uniform(); }

  int64_t examples_wanted() const override { return encoder_->examples_wanted(); }
  void fit_to(const Examples& examples) override;
  // Called once, after the other weights have their initial values.
  void start_as_prior() { flow_->start_as_identity(); }

 private:
  int64_t dimensions_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<ConditionalFlow> flow_;  // the density of the normal scores of the values
  std::shared_ptr<NormalScores> scores_;
};

}  // namespace hpcai::models
