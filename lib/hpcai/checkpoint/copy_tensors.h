#pragma once

#include <optional>
#include <string>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Copies into each tensor of `live` the saved one whose name is `prefix` and its own; others of `saved` are left alone. If one
// is missing or has another shape or type, nothing is copied and its saved name is returned.
std::optional<std::string> copy_tensors(const NamedTensors& saved, const NamedTensors& live, const std::string& prefix = "");

}  // namespace hpcai::checkpoint
