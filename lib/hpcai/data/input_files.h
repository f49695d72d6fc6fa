#pragma once

#include <filesystem>
#include <vector>

#include "hpcai/data/config.h"

namespace hpcai::data {

// The files that the section `data` names, of all splits: HDF5 files, also by a pattern or as FILE:GROUP, catalogues, and tables
// of parameters. It leaves out the images of a folder. A command must not replace any of them. A name that fits no file is passed
// over.
std::vector<std::filesystem::path> input_files(const DataConfig& config);

// The same of new samples (see open_input): the file itself, or the catalogue of a folder.
std::vector<std::filesystem::path> input_files(const DataConfig& config, const std::filesystem::path& input);

}  // namespace hpcai::data
