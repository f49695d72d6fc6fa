#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/optim/base_rate.h"

namespace hpcai::optim {

// What a schedule depends on besides the step. The checkpoint contains it.
struct ScheduleState {
  double plateau_factor = 1;  // Plateau::factor()
};

// The learning rate of step `step` (from 0) of `total_steps`; a pure function. Milestones are counted from step 0. Cosine and
// polynomial schedules extend over the steps after the warm-up and keep their final value afterwards. one_cycle is PyTorch's
// OneCycleLR with cosine annealing. A warm-up of E epochs multiplies the rate at e epochs by
//   linear    s + (1 - s) e / E                s = warmup_start, as PyTorch's LinearLR
//   horovod   (e' (W - 1) / E + 1) / W         e' = e + 1 step, so that the last step of the warm-up has the full rate;
//                                              W = base.factor, which is the number of workers in Horovod
double learning_rate(const ScheduleConfig& config, const ScheduleState& state, const BaseRate& base, int64_t step,
                     int64_t steps_per_epoch, int64_t total_steps);

// The length of the warm-up in steps; 0 for one_cycle. Throws Error{usage} if warmup_steps and warmup_epochs are both given.
int64_t warmup_steps(const ScheduleConfig& config, int64_t steps_per_epoch);

// The warm-up of a schedule; null for one_cycle, which has none.
const Warmup* warmup_of(const ScheduleConfig& config);

// Warnings about settings that are probably a mistake: settings without effect, a warm-up that lowers the rate, a warm-up that is
// longer than the training. One sentence each.
std::vector<std::string> schedule_warnings(const ScheduleConfig& config, const OptimizerConfig& optimizer, int64_t global_batch,
                                           int64_t steps_per_epoch, int64_t total_steps);

}  // namespace hpcai::optim
