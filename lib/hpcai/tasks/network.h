#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

#include "hpcai/models/model.h"

namespace hpcai::tasks {

// Switches on autocast for a device while it lives, as Python's torch.autocast does; nothing without a type.
class Autocast {
 public:
  Autocast(at::DeviceType device, std::optional<at::ScalarType> type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool active_, was_enabled_;
  at::ScalarType former_type_;
};

// A model as a task uses it: its functions run in the precision of the training. A task computes its loss outside of them, in
// float32 at least.
class Network {
 public:
  // `autocast`: bfloat16 or half, for the operations that are safe in it; none computes in the type of the weights.
  explicit Network(models::Model& model, std::optional<at::ScalarType> autocast = std::nullopt)
      : model_(model), autocast_(autocast) {}

  // Any function of the model, such as the log density of a flow: function(model).
  template <class Function>
  auto compute(at::Device device, Function&& function) const {
    const Autocast scope(device.type(), autocast_);
    return std::forward<Function>(function)(model_);
  }

  // input [batch, ...] on the model's device -> [batch, outputs]
  at::Tensor operator()(const at::Tensor& input) const {
    return compute(input.device(), [&](models::Model& model) { return model.forward(input); });
  }

 private:
  models::Model& model_;
  std::optional<at::ScalarType> autocast_;
};

}  // namespace hpcai::tasks
