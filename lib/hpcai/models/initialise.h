#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <cstdint>

namespace hpcai::models {

// Initial weights as pure functions of (module tree, seed); LibTorch's global generator is not used. Norms keep
// the values of their constructors, and so do biases unless stated: bias 0, norm weight 1.

// Keras's default: uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010). A merged filter-and-gate convolution is
// initialised as two convolutions.
void initialise_glorot_uniform(torch::nn::Module& root, uint64_t seed);

// As torchvision's ResNet: convolutions normal with variance 2 / fan_out (He et al. 2015), dense layers (also their biases)
// uniform in +-1/sqrt(fan_in).
void initialise_he_fan_out(torch::nn::Module& root, uint64_t seed);

// As PyTorch's layers: the weights and biases of dense layers and convolutions are uniform in +-1/sqrt(fan_in).
void initialise_uniform_fan_in(torch::nn::Module& root, uint64_t seed);

// Fills `weight` with the generator's next numbers, uniform in +-bound or normal: those of LibTorch's uniform_() and normal_()
// for float64, rounded to float32. One normal number in 10^8 differs in its last bit, also between instruction sets. Of numbers
// drawn in float32 many would.
void fill_uniform(at::Tensor weight, double bound, at::Generator& generator);
void fill_normal(at::Tensor weight, double deviation, at::Generator& generator);

}  // namespace hpcai::models
