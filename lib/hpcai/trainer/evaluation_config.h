#pragma once

#include <cstdint>

#include "hpcai/config/field.h"
#include "hpcai/tasks/tasks.h"

namespace hpcai::trainer {

// The section `evaluation`.
struct EvaluationConfig {
  int64_t every_epochs = 1;
  int64_t batch = 0;
  bool symmetric_views = false;
  int64_t overlap_samples = 200;
  int64_t posterior_samples = 0;
  int64_t warning_steps = 0;
  tasks::MetricChoice target_metric = tasks::MetricChoice::none;
  double target_value = 0;
  bool stop_at_target = false;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("every_epochs", every_epochs,
            {.help = "Evaluate the validation split after every so many epochs.", .unit = "epochs", .min = 1});
    v.field(
        "batch", batch,
        {.help = "Samples evaluated at once on a rank; 0 takes a rank's training batch or a shard.", .min = 0, .local = true});
    v.field("symmetric_views", symmetric_views,
            {.help = "Average the prediction for an image over its eight flips and quarter turns."});
    v.field("overlap_samples", overlap_samples,
            {.help = "Waveforms of a split whose overlap is computed, spread evenly over it; 0 means none.",
             .min = 0,
             .local = true});
    v.field("posterior_samples", posterior_samples,
            {.help = "Draws from the density of each sample, which show whether it is calibrated; 0 means none.",
             .min = 0,
             .max = 1 << 16,
             .local = true});
    v.field(
        "warning_steps", warning_steps,
        {.help = "Of labels for each time step: an alarm counts if it comes at least so long before the last step that has the "
                 "label.",
         .unit = "steps",
         .min = 0,
         .local = true});
    v.field("target_metric", target_metric,
            {.help = "Measure of the validation split whose time to reach target_value is recorded; none records nothing.",
             .local = true});
    v.field("target_value", target_value,
            {.help = "Quality to reach: at most this loss, or at least this value of any other metric.", .local = true});
    v.field("stop_at_target", stop_at_target, {.help = "End the training as soon as the target is reached."});
  }
};

}  // namespace hpcai::trainer
