#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Returns the name of the first tensor that holds NaN or infinity; nothing if there is none. The tensors have any shapes and are
// on any devices. Tensors of integers count as finite. It reads each tensor once and waits for each device once.
std::optional<std::string> first_not_finite(const NamedTensors& tensors);
// The same for several lists, one after another.
std::optional<std::string> first_not_finite_of(const std::vector<const NamedTensors*>& lists);

}  // namespace hpcai::checkpoint
