#pragma once

#include <string>
#include <string_view>

namespace hpcai::config {

// Returns a key without the positions in lists: "training.stages[0].epochs" -> "training.stages[].epochs".
std::string without_positions(std::string_view key);

}  // namespace hpcai::config
