#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

#include "hpcai/models/model.h"

namespace hpcai::tasks {

// Enables autocast for a device during the lifetime of the object, as Python's torch.autocast does. Without a type it does
// nothing.
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

// The model that a task calls. The model's functions run in the precision of the training. The task computes its loss outside of
// these calls, at least in float32.
class Network {
 public:
  // `autocast`: the type (bfloat16 or half) of the operations that are accurate enough in it. std::nullopt: the type of the
  // weights.
  explicit Network(models::Model& model, std::optional<at::ScalarType> autocast = std::nullopt)
      : model_(model), autocast_(autocast) {}

  // Returns function(model), for functions of a model other than forward(), such as the log density of a flow.
  template <class Function>
  auto compute(at::Device device, Function&& function) const {
    const Autocast scope(device.type(), autocast_);
    return std::forward<Function>(function)(model_);
  }

  models::Model& model() const { return model_; }

  // input [batch, ...] on the model's device -> [batch, outputs]
  at::Tensor operator()(const at::Tensor& input) const {
    return compute(input.device(), [&](models::Model& model) { return model.forward(input); });
  }

 private:
  models::Model& model_;
  std::optional<at::ScalarType> autocast_;
};

}  // namespace hpcai::tasks
