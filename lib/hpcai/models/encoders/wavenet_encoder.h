#pragma once

#include "hpcai/models/encoders/encoder.h"
#include "hpcai/models/residual_blocks.h"
#include "hpcai/models/wavenet.h"

namespace hpcai::models {

// WaveNet's gated layers without batch norm. Then a convolution of width and stride `pool_steps`, an activation, and a residual
// network of all its values and the summary. Time steps that do not fill a pool at the beginning are left out of it.
class WaveNetEncoder : public Encoder {
 public:
  // Throws Error{usage} if a series is shorter than `pool_steps`.
  WaveNetEncoder(const WaveNetEncoderConfig& config, const EncoderShape& shape, int64_t features, Activation activation);
  at::Tensor forward(const at::Tensor& input) const override;
  Parts parts() const override { return {{"layers", folder_}, {"pool", pool_}, {"dense", dense_}}; }

 private:
  WaveNetEncoderConfig config_;
  Activation activation_;
  std::shared_ptr<torch::nn::Module> folder_;  // of the gated layers
  std::vector<std::shared_ptr<GatedLayer>> layers_;
  std::shared_ptr<Dense> pool_;
  std::shared_ptr<ResidualNetwork> dense_;
};

}  // namespace hpcai::models
