#pragma once

#include <optional>
#include <string>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Returns the name of the first tensor that holds NaN or infinity; nothing if there is none. The tensors have any shapes and are
// on one device. Tensors of integers count as finite. It reads each tensor once and waits for the device once.
std::optional<std::string> first_not_finite(const NamedTensors& tensors);

}  // namespace hpcai::checkpoint
