#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/optim/config.h"

namespace hpcai::optim {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// An update rule over named parameters. Parameters without a gradient, or with requires_grad off (frozen by a training
// stage), are left alone, and so is their state, until they come back.
class Optimizer {
 public:
  explicit Optimizer(NamedTensors parameters);
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Updates the parameters from their gradients with learning rate `lr`.
  void step(double lr);

  // Names and live tensors of the whole state, in a fixed order: "<parameter>.<quantity>". Copying into these tensors
  // restores an optimizer bit for bit.
  virtual NamedTensors state() const = 0;

  // Copies a state() into this optimizer. Throws Error{cannot_resume} where names or shapes differ.
  void load(const NamedTensors& saved);

 protected:
  // Updates the parameters `active` (indices) with `grads`, laid out in memory like their parameters.
  virtual void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads, double lr) = 0;

  const NamedTensors& parameters() const { return parameters_; }

 private:
  NamedTensors parameters_;
};

// Uses LibTorch's fused or foreach kernels, on CPU and CUDA; a step never waits for the device. Throws
// Error{usage} for settings that contradict each other.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedTensors& named_parameters);

}  // namespace hpcai::optim
