#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "hpcai/core/named_tensors.h"

namespace hpcai::optim {

using hpcai::NamedTensors;

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

}  // namespace hpcai::optim
