#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/trainer/course.h"

// Sound inputs of the targets.
namespace fuzz {

using Seeds = std::vector<std::string>;

// The times of the samples of waveform_hdf5_seeds().
inline constexpr double kFirstTime = -10, kLastTime = 5, kTimeStep = 1;

Seeds config_seeds();
Seeds catalogue_seeds();
Seeds image_list_seeds();
Seeds binaries_seeds();
Seeds host_list_seeds();
Seeds image_seeds();
Seeds image_hdf5_seeds();
Seeds waveform_hdf5_seeds();
Seeds safetensors_seeds();
Seeds manifest_seeds();
Seeds state_seeds();
Seeds greeting_seeds();

// The course whose states state_seeds() gives.
inline constexpr int64_t kStateSamples = 64;
hpcai::trainer::CourseSettings course_settings();
// The description of model and data in these states.
nlohmann::json card();

}  // namespace fuzz
