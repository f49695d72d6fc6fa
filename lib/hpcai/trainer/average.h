#pragma once

#include <cstdint>

#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/optim/step_value.h"

namespace hpcai::trainer {

// A running average of the weights and running statistics (Polyak 1992). After each step
//   average <- d average + (1 - d) weight,    d = min(decay, (1 + step) / (10 + step))
// so that the initial weights lose their influence soon. With decay 0 there is no average and all functions do nothing.
class WeightAverage {
 public:
  // `live`: the model's tensors, which the object keeps. The average starts as a copy of their values.
  WeightAverage(NamedTensors live, double decay);

  bool enabled() const { return !average_.empty(); }  // false for decay 0
  // One update of the average is prepare(), which sets d for this step, then update(), which reads nothing from a GPU.
  void prepare(int64_t step);
  void update();
  // Updates the weights, and the average after prepare(), in one pass over memory where the optimizer can.
  void update_with(optim::Optimizer& optimizer, optim::Alongside alongside = {});
  // Exchanges the values of the model and of the average. A second call restores them. Use ScopedAverage.
  void swap();
  // Names and tensors of the average, empty if disabled.
  const NamedTensors& tensors() const { return average_; }

 private:
  NamedTensors live_;
  NamedTensors average_;
  std::vector<at::Tensor> live_tensors_, average_tensors_;  // the same tensors without names, for LibTorch's foreach operators
  double decay_;
  optim::StepValue weight_;  // 1 - d
};

// The model holds the averaged weights during the lifetime of the object.
class ScopedAverage {
 public:
  explicit ScopedAverage(WeightAverage& average) : average_(average) { average_.swap(); }
  ~ScopedAverage() { average_.swap(); }
  ScopedAverage(const ScopedAverage&) = delete;
  ScopedAverage& operator=(const ScopedAverage&) = delete;

 private:
  WeightAverage& average_;
};

}  // namespace hpcai::trainer
