#pragma once

#include <cstdint>

#include "hpcai/trainer/position.h"

namespace hpcai::trainer {

// Where a training saves its state and ends before its time, so that a later process goes on with it. The learning rate follows
// the whole training, so a training with pauses gives the same weights as one without.
struct PausePoint {
  int64_t epochs = 0;  // 0: no pause at the end of an epoch
  int64_t steps = 0;   // 0: no pause after a step

  bool reached(const Position& position) const {
    return (epochs > 0 && position.epoch >= epochs) || (steps > 0 && position.step >= steps);
  }
};

}  // namespace hpcai::trainer
