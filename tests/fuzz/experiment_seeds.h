#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/trainer/course.h"

// Sound inputs of the targets of experiment.cpp.
namespace fuzz {

using Seeds = std::vector<std::string>;

Seeds config_seeds();
Seeds state_seeds();

// The course whose states state_seeds() gives.
inline constexpr int64_t kStateSamples = 64;
hpcai::trainer::CourseSettings course_settings();
// The description of model and data in these states.
nlohmann::json card();

}  // namespace fuzz
