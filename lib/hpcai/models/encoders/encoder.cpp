#include "hpcai/models/encoders/encoder.h"

#include "hpcai/models/encoders/convolution_encoder.h"
#include "hpcai/models/encoders/dense_encoder.h"
#include "hpcai/models/encoders/wavenet_encoder.h"

namespace hpcai::models {
namespace {

struct EncoderMaker {
  const EncoderShape& shape;
  int64_t features;
  Activation activation;

  std::shared_ptr<Encoder> operator()(const DenseEncoderConfig& config) const {
    return std::make_shared<DenseEncoder>(config, shape, features, activation);
  }
  std::shared_ptr<Encoder> operator()(const ConvolutionEncoderConfig& config) const {
    return std::make_shared<ConvolutionEncoder>(config, shape, features, activation);
  }
  std::shared_ptr<Encoder> operator()(const WaveNetEncoderConfig& config) const {
    return std::make_shared<WaveNetEncoder>(config, shape, features, activation);
  }
};

}  // namespace

std::shared_ptr<Encoder> make_encoder(const EncoderConfig& config, const EncoderShape& shape, int64_t features,
                                      Activation activation) {
  return std::visit(EncoderMaker{shape, features, activation}, config);
}

}  // namespace hpcai::models
