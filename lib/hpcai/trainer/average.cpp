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
  }
}

void WeightAverage::update(int64_t step) {
  if (!enabled()) return;
  at::NoGradGuard no_grad;
  const double decay = std::min(decay_, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  std::vector<at::Tensor> average, live;
  for (size_t i = 0; i < live_.size(); ++i) {
    average.push_back(average_[i].second);
    live.push_back(live_[i].second.detach());
  }
  at::_foreach_lerp_(average, live, 1 - decay);
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
