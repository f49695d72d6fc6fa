#pragma once

#include <optional>
#include <string>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Copies tensors of `saved` into `live`, in place. Each tensor of `live` gets the saved one of the same shape and type under the
// name `prefix` + its name; other saved tensors are ignored. If one is missing or has another shape or type, the function copies
// nothing and returns its saved name.
std::optional<std::string> copy_tensors(const NamedTensors& saved, const NamedTensors& live, const std::string& prefix = "");

}  // namespace hpcai::checkpoint
