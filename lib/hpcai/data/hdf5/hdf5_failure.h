#pragma once

#include <string>

namespace hpcai::data {

// What a user does about a file that is incomplete or damaged.
extern const char* const kDamagedRemedy;
// "The layout is described in data/README.md."
extern const char* const kLayoutRemedy;

// How scripts/rewrite_hdf5.py makes of `path` a file that this program reads; `needs` names Python packages.
std::string rewrite_remedy(const std::string& path, const std::string& needs = "h5py");

// Throws Error{bad_data}: `where`, the cause, the remedy.
[[noreturn]] void refuse_data(const std::string& where, const std::string& cause, const std::string& remedy);

// Throws Error{bad_data} for the HDF5 library's last failure: what it means and what helps. `where` is what could not be
// opened or read, and lies in the file `path`.
[[noreturn]] void refuse_for_failure(const std::string& where, const std::string& path);

}  // namespace hpcai::data
