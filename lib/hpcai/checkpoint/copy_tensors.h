#pragma once

#include <optional>
#include <string>

#include "hpcai/checkpoint/state.h"
#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Copies tensors of `saved` into `live`, in place. Each tensor of `live` gets the saved one of the same shape and type under the
// name `prefix` + its name; other saved tensors are ignored. If one is missing or has another shape or type, the function copies
// nothing and returns its saved name.
std::optional<std::string> copy_tensors(const NamedTensors& saved, const NamedTensors& live, const std::string& prefix = "");

// A copy of a state that shares no memory with it, with its tensors on the CPU.
TrainingState copy_of(const TrainingState& state);

}  // namespace hpcai::checkpoint
