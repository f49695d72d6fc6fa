#pragma once

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

// Makes `copy` a copy of the state on the CPU, row-major, that does not change with the training. `copy` holds an earlier copy or
// nothing: its tensors are written again where shape and type have stayed the same, so that a large model needs no new memory.
// Throws if there is too little memory; `copy` then holds a part.
void take_snapshot(const TrainingState& state, TrainingState& copy);

}  // namespace hpcai::checkpoint
