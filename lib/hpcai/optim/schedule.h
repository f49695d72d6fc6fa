#pragma once

#include <cstdint>

#include "hpcai/optim/config.h"

namespace hpcai::optim {

// What a schedule needs to know besides the step; all of it is in the checkpoint.
struct ScheduleState {
  double plateau_factor = 1;  // Plateau::factor()
};

// The learning rate of step `step` (0, 1, ...) out of `total_steps`, a pure function. Warm-up as PyTorch's LinearLR
// (ends after the given length); milestones count from step 0; cosine and polynomial spread over the steps that remain
// after the warm-up and then stay at their final value; one_cycle as PyTorch's OneCycleLR with cosine annealing.
double learning_rate(const ScheduleConfig& config, const ScheduleState& state, double base_lr, int64_t step,
                     int64_t steps_per_epoch, int64_t total_steps);

// Steps of the linear warm-up; 0 for one_cycle. Throws Error{usage} if both lengths are given.
int64_t warmup_steps(const ScheduleConfig& config, int64_t steps_per_epoch);

}  // namespace hpcai::optim
