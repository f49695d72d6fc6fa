#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/optim/base_rate.h"

namespace hpcai::optim {

// What a schedule needs to know besides the step; all of it is in the checkpoint.
struct ScheduleState {
  double plateau_factor = 1;  // Plateau::factor()
};

// The learning rate of step `step` (0, 1, ...) out of `total_steps`, a pure function. Milestones count from step 0; cosine and
// polynomial spread over the steps that remain after the warm-up and then stay at their final value; one_cycle as
// PyTorch's OneCycleLR with cosine annealing. A warm-up of E epochs multiplies the rate of step `step` = e epochs by
//   linear    s + (1 - s) e / E                with s = warmup_start, as PyTorch's LinearLR (ends after the given length)
//   horovod   (e' (W - 1) / E + 1) / W         with e' one step ahead of e, so that the last step has the full rate, and W =
//                                              base.factor, which is Horovod's number of workers where the rate grows with it
double learning_rate(const ScheduleConfig& config, const ScheduleState& state, const BaseRate& base, int64_t step,
                     int64_t steps_per_epoch, int64_t total_steps);

// Steps of the warm-up; 0 for one_cycle. Throws Error{usage} if both lengths are given.
int64_t warmup_steps(const ScheduleConfig& config, int64_t steps_per_epoch);

// The warm-up of a schedule; null for one_cycle, which has its own start.
const Warmup* warmup_of(const ScheduleConfig& config);

// Of settings that are legal, but hardly what was meant: those without effect, a warm-up that falls or never ends. A sentence
// each.
std::vector<std::string> schedule_warnings(const ScheduleConfig& config, const OptimizerConfig& optimizer, int64_t global_batch,
                                           int64_t steps_per_epoch, int64_t total_steps);

}  // namespace hpcai::optim
