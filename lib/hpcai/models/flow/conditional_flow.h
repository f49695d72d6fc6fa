#pragma once

#include "hpcai/models/conditional_density.h"
#include "hpcai/models/flow/conditional_affine.h"
#include "hpcai/models/flow/coupling.h"

namespace hpcai::models {

// A conditional normalising flow: an invertible map from values to standard normal numbers, given a context,
//   value -> ConditionalAffine -> (permutation, Coupling) `layers` times -> standard normal.
// Permutations are a function of the layer and the dimensions alone, so that weights fit every seed. Two layers in turn move each
// dimension once.
class ConditionalFlow : public torch::nn::Module {
 public:
  ConditionalFlow(int64_t dimensions, int64_t features, const FlowConfig& config, Activation activation);

  // Makes the flow the identity, and its density standard normal.
  void start_as_identity();

  // As those of ConditionalDensity.
  at::Tensor log_density(const at::Tensor& context, const at::Tensor& value) const;
  ConditionalDensity::Drawn draw(const at::Tensor& context, const at::Tensor& base) const;

 private:
  struct Layer {
    std::vector<int64_t> order;  // the dimension that comes to each place
    std::shared_ptr<Coupling> coupling;
  };
  std::shared_ptr<ConditionalAffine> affine_;  // may be null
  std::vector<Layer> layers_;
};

}  // namespace hpcai::models
