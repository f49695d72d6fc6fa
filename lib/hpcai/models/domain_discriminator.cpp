#include "hpcai/models/domain_discriminator.h"

namespace hpcai::models {

DomainDiscriminator::DomainDiscriminator(int64_t features, int64_t units)
    : hidden_(register_module("hidden", std::make_shared<Dense>(features, units))),
      logit_(register_module("logit", std::make_shared<Dense>(units, 1))) {}

at::Tensor DomainDiscriminator::forward(const at::Tensor& features) const {
  return logit_->forward(hidden_->forward(features).relu()).squeeze(1);
}

}  // namespace hpcai::models
