#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::app {

// Returns what answers these arguments without LibTorch: help, settings, this machine, run folders. Returns nothing for all
// others.
std::optional<std::function<int()>> quick_answer(const std::vector<std::string>& arguments);

}  // namespace hpcai::app
