#pragma once

#include <cstdint>

#include "hpcai/core/json.h"

namespace hpcai::trainer {

// The progress of a training. All counts are of completed steps, epochs, batches and stages.
struct Position {
  int64_t step = 0;         // updates
  int64_t epoch = 0;        // passes over the training data
  int64_t batch = 0;        // batches of the current epoch
  int64_t stage = 0;        // stages
  int64_t stage_epoch = 0;  // epochs of the current stage
  int64_t stage_step = 0;   // updates of the current stage

  bool operator==(const Position&) const = default;
};

inline void to_json(nlohmann::json& json, const Position& position) {
  json = {{"step", position.step},
          {"epoch", position.epoch},
          {"batch", position.batch},
          {"stage", position.stage},
          {"stage_epoch", position.stage_epoch},
          {"stage_step", position.stage_step}};
}

// Throws std::out_of_range or nlohmann::json::exception unless `json` has these six counts, none of them negative.
inline void from_json(const nlohmann::json& json, Position& position) {
  position = {.step = count_at(json, "step"),
              .epoch = count_at(json, "epoch"),
              .batch = count_at(json, "batch"),
              .stage = count_at(json, "stage"),
              .stage_epoch = count_at(json, "stage_epoch"),
              .stage_step = count_at(json, "stage_step")};
}

}  // namespace hpcai::trainer
