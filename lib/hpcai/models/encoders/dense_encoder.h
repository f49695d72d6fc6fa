#pragma once

#include "hpcai/models/encoders/encoder.h"
#include "hpcai/models/residual_blocks.h"

namespace hpcai::models {

// A linear map of each channel's series to `components` numbers, then a residual network of all of them and the summary.
class DenseEncoder : public Encoder {
 public:
  // Throws Error{usage} if a series is shorter than `components`.
  DenseEncoder(const DenseEncoderConfig& config, const EncoderShape& shape, int64_t features, Activation activation);
  at::Tensor forward(const at::Tensor& input) const override;
  Parts parts() const override { return {{"projection", projection_}, {"dense", dense_}}; }

  int64_t examples_wanted() const override { return config_.principal_components ? config_.examples : 0; }
  // Sets the linear map of each channel to the principal components of its series, which stay orthogonal and of one length, so
  // that white noise stays white. The length is such that the mean square of the outputs is 1.
  void fit_to(const at::Tensor& examples) override;

 private:
  DenseEncoderConfig config_;
  std::shared_ptr<torch::nn::Module> projection_;
  std::vector<std::shared_ptr<Dense>> channels_;  // of the projection
  std::shared_ptr<ResidualNetwork> dense_;
};

}  // namespace hpcai::models
