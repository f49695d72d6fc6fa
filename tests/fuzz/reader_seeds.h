#pragma once

#include <string>
#include <vector>

// Sound inputs of the targets of readers.cpp.
namespace fuzz {

using Seeds = std::vector<std::string>;

// The times of the samples of waveform_hdf5_seeds().
inline constexpr double kFirstTime = -10, kLastTime = 5, kTimeStep = 1;

Seeds catalogue_seeds();
Seeds image_list_seeds();
Seeds table_seeds();
Seeds arrays_seeds();
Seeds binaries_seeds();
Seeds host_list_seeds();
Seeds image_seeds();
Seeds fits_seeds();
Seeds filter_seeds();
Seeds image_hdf5_seeds();
Seeds waveform_hdf5_seeds();
Seeds safetensors_seeds();
Seeds torch_zip_seeds();
Seeds torch_legacy_seeds();
Seeds keras_seeds();
Seeds manifest_seeds();
Seeds greeting_seeds();

}  // namespace fuzz
