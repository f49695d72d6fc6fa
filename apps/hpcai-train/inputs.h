#pragma once

#include <filesystem>
#include <vector>

#include "commands.h"

namespace hpcai::app {

// The files that the data, the further sources and the initial weights of an experiment have.
std::vector<std::filesystem::path> inputs_of(const trainer::Experiment& experiment);

// The config, and the files that its data and its initial weights have, which no output may replace.
std::vector<std::filesystem::path> inputs_of(const ConfigOptions& options, const trainer::Experiment& experiment);

}  // namespace hpcai::app
