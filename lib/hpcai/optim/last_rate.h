#pragma once

#include <ATen/ATen.h>

#include <utility>

#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Stores the learning rate of the last step, for update rules in which a change of the rate matters.
class LastRate {
 public:
  // Stores `lr` and returns lr divided by the rate of the last step. Returns 1 in the first step and if one of the rates is 0.
  double change_to(double lr) {
    const double last = std::exchange(*value_.mutable_data_ptr<double>(), lr);
    return last > 0 && lr > 0 ? lr / last : 1;
  }
  // The name and the tensor [] of the stored rate, for a checkpoint.
  std::pair<std::string, at::Tensor> state() const { return {"last_lr", value_}; }

 private:
  at::Tensor value_ = at::zeros({}, at::kDouble);  // on the CPU, where prepare() reads it
};

}  // namespace hpcai::optim
