#pragma once

#include <cstdint>
#include <string>

#include "hpcai/optim/config.h"

namespace hpcai::optim {

// The learning rate before the schedule.
struct BaseRate {
  BaseRate(double value, double factor = 1) : value(value), factor(factor) {}

  double value;   // lr times factor
  double factor;  // of lr_scaling
};

// The base rate for training with this global batch, from the keys lr, lr_scaling and lr_base_batch of the chosen update rule.
BaseRate base_rate(const OptimizerConfig& config, int64_t global_batch);
// A description for messages: "adam with lr 0.0064 (0.0001 x 64, linear from batch 2)".
std::string describe_rate(const OptimizerConfig& config, int64_t global_batch);

}  // namespace hpcai::optim
