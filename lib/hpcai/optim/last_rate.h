#pragma once

#include <ATen/ATen.h>

#include <utility>

#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Remembers the learning rate of the last step, for rules in which a change of it matters.
class LastRate {
 public:
  // lr divided by the rate of the step before; 1 in the first step, and next to a rate of 0, whose ratio has no meaning.
  double change_to(double lr) {
    const double last = std::exchange(*value_.mutable_data_ptr<double>(), lr);
    return last > 0 && lr > 0 ? lr / last : 1;
  }
  std::pair<std::string, at::Tensor> state() const { return {"last_lr", value_}; }

 private:
  at::Tensor value_ = at::zeros({}, at::kDouble);  // in main memory, for prepare()
};

}  // namespace hpcai::optim
