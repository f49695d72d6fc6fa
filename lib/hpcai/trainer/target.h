#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/trainer/evaluation_config.h"
#include "hpcai/trainer/position.h"

namespace hpcai::trainer {

// The validation quality that a training is to reach, and when it first did. Inert where evaluation.target_metric is none.
class Target {
 public:
  explicit Target(const EvaluationConfig& config) : config_(config) {}

  // Notes the first time that `metrics` of an evaluation meet the target, after `time_s` of the run. Returns whether
  // training shall end here.
  bool observe(const nlohmann::json& metrics, const Position& position, double time_s);

  // {"metric", "value", "reached"} and, once reached, {"time_s", "epoch", "step"}; null without a target.
  nlohmann::json summary() const;
  // When it was reached, for a checkpoint; null if it was not.
  const nlohmann::json& state() const { return reached_; }
  void load(const nlohmann::json& state);  // throws std::out_of_range for what state() cannot have given

 private:
  EvaluationConfig config_;
  nlohmann::json reached_;
};

}  // namespace hpcai::trainer
