#include "hpcai/trainer/average.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <vector>

namespace hpcai::trainer {

WeightAverage::WeightAverage(NamedTensors live, double decay) : decay_(decay) {
  if (decay == 0) return;
  for (auto& [name, tensor] : live) {
    if (!tensor.is_floating_point()) continue;
    live_.emplace_back(name, tensor);
    average_.emplace_back(name, tensor.detach().clone());
    live_tensors_.push_back(tensor.detach());
    average_tensors_.push_back(average_.back().second);
  }
  if (enabled() && !average_tensors_.front().is_cpu()) weight_ = optim::StepValue(average_tensors_.front().device());
}

void WeightAverage::prepare(int64_t step) {
  if (!enabled()) return;
  const double decay = std::min(decay_, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  weight_.set(1 - decay);
}

void WeightAverage::update() {
  if (!enabled()) return;
  at::NoGradGuard no_grad;
  optim::approach_each(average_tensors_, live_tensors_, weight_);
}

void WeightAverage::swap() {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < live_.size(); ++i) {
    const at::Tensor kept = live_[i].second.detach().clone();
    live_[i].second.copy_(average_[i].second);
    average_[i].second.copy_(kept);
  }
}

}  // namespace hpcai::trainer
