#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "hpcai/trainer/position.h"

namespace hpcai::trainer {

// A step that is done.
struct StepReport {
  Position position;  // after the step
  double loss = 0;    // mean over the global batch
  double lr = 0;
  int64_t samples = 0;                              // of all ranks
  bool stop = false;                                // some rank was asked to stop: this was the last step
  std::optional<double> loss_scale = std::nullopt;  // that the step used, where the loss is scaled
};

// Hears what happens in a training, and does nothing to it. `time_s`: seconds of this run so far, in all its sittings.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void step_done(const StepReport&, double /*time_s*/) {}
  // `metrics`: of the whole validation split.
  virtual void evaluated(const Position&, const nlohmann::json& /*metrics*/, double /*time_s*/) {}
  virtual void epoch_done(const Position&, std::optional<double> /*validation_loss*/, double /*time_s*/) {}
  // A checkpoint is about to be written: what was heard so far must survive a crash of the machine.
  virtual void before_checkpoint() {}
  // An evaluation or a checkpoint has kept the steps waiting.
  virtual void paused(double /*seconds*/) {}
};

}  // namespace hpcai::trainer
