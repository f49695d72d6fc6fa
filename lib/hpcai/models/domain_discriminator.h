#pragma once

#include <memory>
#include <string>

#include "hpcai/models/layers.h"

namespace hpcai::models {

// The name of the discriminator in the model that it is trained with. It is no part of the network: weights are read and exported
// without it.
inline constexpr const char* kDomainDiscriminator = "domain_discriminator";
inline bool is_of_discriminator(const std::string& tensor) { return tensor.starts_with(kDomainDiscriminator); }

// Tells from a vector of features which of two surveys a sample is of (Ganin et al. 2016, arXiv:1505.07818): one hidden layer.
class DomainDiscriminator : public torch::nn::Module {
 public:
  DomainDiscriminator(int64_t features, int64_t units);
  // [batch, features] -> the logit of the second survey, [batch]
  at::Tensor forward(const at::Tensor& features) const;

 private:
  std::shared_ptr<Dense> hidden_, logit_;
};

}  // namespace hpcai::models
