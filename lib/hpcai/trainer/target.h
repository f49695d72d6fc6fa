#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/trainer/evaluation_config.h"
#include "hpcai/trainer/position.h"

namespace hpcai::trainer {

// The target of a training: a validation metric and the value to reach. Records when the training first reaches it. Without
// evaluation.target_metric the object does nothing.
class Target {
 public:
  explicit Target(const EvaluationConfig& config) : config_(config) {}

  // Called after each evaluation with its metrics. Records `time_s` and `position` if the target is reached for the first time.
  // Returns whether the training shall end now.
  bool observe(const nlohmann::json& metrics, const Position& position, double time_s);

  // {"metric", "value", "reached"} and, once reached, {"time_s", "epoch", "step"}; null without a target.
  nlohmann::json summary() const;
  // {"time_s", "epoch", "step"} when the target was reached, for a checkpoint; null if it was not reached.
  const nlohmann::json& state() const { return reached_; }
  void load(const nlohmann::json& state);  // restores state(); throws std::out_of_range for anything else

 private:
  EvaluationConfig config_;
  nlohmann::json reached_;
};

}  // namespace hpcai::trainer
