#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace hpcai::trainer {

// How far a training has come; all counts are of things done.
struct Position {
  int64_t step = 0;         // updates
  int64_t epoch = 0;        // passes over the training data
  int64_t batch = 0;        // batches of the current epoch
  int64_t stage = 0;        // stages
  int64_t stage_epoch = 0;  // epochs of the current stage
  int64_t stage_step = 0;   // updates of the current stage

  bool operator==(const Position&) const = default;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Position, step, epoch, batch, stage, stage_epoch, stage_step)

}  // namespace hpcai::trainer
