#pragma once

#include <cstdint>

#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/optim/step_value.h"

namespace hpcai::trainer {

// A running average of the weights and running statistics (Polyak 1992): average <- d average + (1 - d) weight after
// each step, with d = min(decay, (1 + step) / (10 + step)) so that the first weights are soon forgotten. decay 0 keeps
// none, and everything below does nothing.
class WeightAverage {
 public:
  // `live` are the model's tensors; the average starts as their copy.
  WeightAverage(NamedTensors live, double decay);

  bool enabled() const { return !average_.empty(); }
  // One update is prepare(), which sets d for this step, then update(), which reads nothing from a GPU.
  void prepare(int64_t step);
  void update();
  // Exchanges the model's values with the average; call twice to come back. The ScopedAverage below does.
  void swap();
  // Names and tensors of the average, empty if disabled.
  const NamedTensors& tensors() const { return average_; }

 private:
  NamedTensors live_;
  NamedTensors average_;
  std::vector<at::Tensor> live_tensors_, average_tensors_;  // the same, as LibTorch's foreach operators want them
  double decay_;
  optim::StepValue weight_;  // 1 - d
};

// The model holds the averaged weights while this lives.
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
