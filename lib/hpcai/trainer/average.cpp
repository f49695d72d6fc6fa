#include "hpcai/trainer/average.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
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

void WeightAverage::update_with(optim::Optimizer& optimizer, optim::Alongside alongside) {
  if (!enabled() || !optimizer.updates_in_one_pass()) {
    optimizer.update(alongside);
    return update();
  }
  const at::NoGradGuard no_grad;
  const NamedTensors& parameters = optimizer.parameters();
  std::map<const void*, size_t> place_of;  // of a parameter that the optimizer changes
  for (const size_t i : optimizer.active()) place_of.emplace(parameters[i].second.const_data_ptr(), i);
  alongside.averages.assign(parameters.size(), nullptr);
  alongside.average_weight = weight_.number();
  std::vector<at::Tensor> other_averages, other_weights;
  for (size_t i = 0; i < live_tensors_.size(); ++i) {
    const at::Tensor &live = live_tensors_[i], &average = average_tensors_[i];
    const auto found = place_of.find(live.const_data_ptr());
    if (found != place_of.end() && optim::is_flat(average) && average.strides() == live.strides()) {
      alongside.averages[found->second] = average.mutable_data_ptr<float>();
    } else {
      other_averages.push_back(average);
      other_weights.push_back(live);
    }
  }
  optimizer.update(alongside);
  if (!other_averages.empty()) optim::approach_each(other_averages, other_weights, weight_);
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
