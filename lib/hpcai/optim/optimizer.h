#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/optim/one_pass.h"
#include "hpcai/optim/step_value.h"

namespace hpcai::optim {

using hpcai::NamedTensors;

// An update rule for named parameters of any shapes. A parameter without a gradient, or with requires_grad off (frozen by a
// training stage), is not updated and its state stays unchanged, except for a momentum that follows the learning rate.
class Optimizer {
 public:
  // Throws std::invalid_argument for two parameters of the same name and for a parameter that is not dense in memory.
  explicit Optimizer(NamedTensors parameters);
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update of the parameters from their gradients is prepare(), then update(). prepare() sets the numbers of this update: the
  // learning rate, and corrections that depend on the rate or on the number of updates. update() computes with these numbers and
  // reads nothing from a GPU, so that a GPU can capture it as a graph. step() does both.
  void prepare(double lr);
  // Throws std::invalid_argument for work alongside unless updates_in_one_pass().
  void update(const Alongside& alongside = {});
  // The sums of squares of the gradients that update() reads, for `alongside`. Needs updates_in_one_pass().
  std::vector<double> gradient_squares() const;
  // Sets the gradient scale of `alongside` so that the common L2 norm of the gradients is at most `max_norm` (0: no limit). Takes
  // the sums of squares from there if they are known. Needs updates_in_one_pass().
  void clip(double max_norm, Alongside& alongside) const;
  void step(double lr) {
    prepare(lr);
    update();
  }

  // Stores the numbers of an update as tensors also on a CPU, for tests of the code for GPUs. Call it before the first update.
  void keep_numbers_as_tensors() { numbers_as_tensors_ = true; }

  // Whether update() computes in one pass over memory: all parameters are float32 on a CPU. Otherwise it calls LibTorch's
  // operators.
  bool updates_in_one_pass() const;

  const NamedTensors& parameters() const { return parameters_; }
  // The parameters that an update changes now, as indices into parameters().
  std::vector<size_t> active() const;

  // The tensors of the whole state, named "<parameter>.<quantity>", in a fixed order. They share memory with the optimizer:
  // copying into them restores the optimizer exactly.
  virtual NamedTensors state() const = 0;

  // Copies a state() into this optimizer. Throws Error{cannot_resume} if names, shapes or types differ.
  void load(const NamedTensors& saved);

 protected:
  // Sets the numbers of the next update, which changes the parameters `active` (indices into parameters()).
  virtual void prepare(const std::vector<size_t>& /*active*/, double /*lr*/) {}
  // Updates the parameters `active` at the rate lr(). grads[k] has the shape and the memory layout of parameter active[k].
  virtual void update(const std::vector<size_t>& active, const std::vector<at::Tensor>& grads) = 0;
  // The same in one pass over memory. tensors[k] has weight, gradient and average of parameter active[k]; the rule adds its
  // state.
  virtual void update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors,
                                  const Alongside& alongside) = 0;

  const StepValue& lr() const { return *lr_; }  // of this update; needs prepare()
  StepValue make_number() const;                // a number of an update, on the parameters' device

 private:
  NamedTensors parameters_;
  bool numbers_as_tensors_ = false;  // on a GPU they always are
  std::optional<StepValue> lr_;
};

}  // namespace hpcai::optim
