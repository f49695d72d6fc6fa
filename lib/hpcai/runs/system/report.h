#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/runs/system/findings.h"

// What `info --system` prints.
namespace hpcai::runs {

// All facts but the variables, and the findings. What was not found is null.
nlohmann::json to_json(const SystemFacts& facts, const std::vector<Finding>& findings);

std::string to_text(const SystemFacts& facts, const std::vector<Finding>& findings);

}  // namespace hpcai::runs
