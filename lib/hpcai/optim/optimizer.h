#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/optim/step_value.h"

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

  // One update of the parameters from their gradients is prepare(), then update(). prepare() sets the numbers of this update: the
  // learning rate, corrections that depend on it or on the number of updates. update() computes with them and reads nothing
  // from a GPU, so that a GPU can capture it.
  void prepare(double lr);
  void update();
  void step(double lr) {
    prepare(lr);
    update();
  }

  // Keeps the numbers of an update as tensors on a CPU, too, as on a GPU; before the first update.
  void keep_numbers_as_tensors() { numbers_as_tensors_ = true; }

  // Names and live tensors of the whole state, in a fixed order: "<parameter>.<quantity>". Copying into these tensors
  // restores an optimizer bit for bit.
  virtual NamedTensors state() const = 0;

  // Copies a state() into this optimizer. Throws Error{cannot_resume} where names or shapes differ.
  void load(const NamedTensors& saved);

 protected:
  // For the parameters `active` (indices), which the next update changes.
  virtual void prepare(const std::vector<size_t>& /*active*/, double /*lr*/) {}
  // Updates the parameters `active` with `grads`, laid out in memory like their parameters, at the rate lr().
  virtual void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) = 0;

  const NamedTensors& parameters() const { return parameters_; }
  const StepValue& lr() const { return *lr_; }
  StepValue make_number() const;  // on the parameters' device

 private:
  std::vector<size_t> active() const;

  NamedTensors parameters_;
  bool numbers_as_tensors_ = false;  // on a GPU always
  std::optional<StepValue> lr_;
};

}  // namespace hpcai::optim
