#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace hpcai::models {

// Initial weights, pure functions of (module tree, seed); no global generator is read or advanced. Biases start at 0,
// batch norms at weight 1, bias 0 (the constructors leave them so).

// Keras's default: uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010). A merged filter-and-gate convolution
// counts as the two convolutions it holds.
void initialise_glorot_uniform(torch::nn::Module& root, uint64_t seed);

// torchvision's ResNet: convolutions normal with variance 2 / fan_out (He et al. 2015), dense layers uniform in
// +-1/sqrt(fan_in).
void initialise_he_fan_out(torch::nn::Module& root, uint64_t seed);

}  // namespace hpcai::models
