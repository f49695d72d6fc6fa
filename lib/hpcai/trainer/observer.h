#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/trainer/position.h"

namespace hpcai::trainer {

// Why a step has not updated the weights; see training.on_divergence.
struct SkippedStep {
  std::string reason;                // "the loss is not finite"
  std::vector<std::string> samples;  // ids of the samples that are suspected
  // With OnDivergence::roll_back: the state is now that after this step.
  std::optional<int64_t> restored_step = std::nullopt;
};

// What observers learn about a finished step.
struct StepReport {
  Position position;  // after the step
  double loss = 0;    // mean over the global batch
  double lr = 0;
  int64_t samples = 0;                                // of the step, over all ranks
  bool stop = false;                                  // some rank has received a stop signal: this was the last step
  std::optional<double> loss_scale = std::nullopt;    // the scale in this step, if the loss is scaled
  std::optional<SkippedStep> skipped = std::nullopt;  // if the loss or a gradient is not finite
};

// The loop calls an observer after each event. An observer does not change the training. `time_s`: seconds of training so far,
// including the sessions before a resume.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void step_done(const StepReport&, double /*time_s*/) {}
  // `metrics`: the metrics of the whole validation split.
  virtual void evaluated(const Position&, const nlohmann::json& /*metrics*/, double /*time_s*/) {}
  virtual void epoch_done(const Position&, std::optional<double> /*validation_loss*/, double /*time_s*/) {}
  // Called when `ranks`, whose state differed from that of most, have got the state of the others. `tensor`: the first that
  // differed.
  virtual void healed(const Position&, const std::vector<int>& /*ranks*/, const std::string& /*tensor*/, double /*time_s*/) {}
  // Called after an evaluation or a checkpoint, which delayed the next step by `seconds`. A checkpoint delays it only while the
  // state is copied in memory.
  virtual void paused(double /*seconds*/) {}
};

}  // namespace hpcai::trainer
