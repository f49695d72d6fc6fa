#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hpcai::app {

// Throws Error{usage} with `remedy` if the name of an output file ends in none of these: {".csv", ".h5", ".hdf5"}. `option` names
// the file on the command line.
void require_ending(const std::filesystem::path& path, const std::string& option, const std::vector<std::string>& endings,
                    const std::string& remedy = "");

// Whether the name is that of an HDF5 file: .h5 or .hdf5.
bool is_hdf5_name(const std::filesystem::path& path);

}  // namespace hpcai::app
