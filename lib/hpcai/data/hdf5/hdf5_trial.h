#pragma once

#include <functional>
#include <string>

namespace hpcai::data {

// Calls `work`, which opens an HDF5 file and reads what the program will read of its structure, in a child process whose
// processor time and memory are limited: a damaged file can make the HDF5 library crash, compute for ever, or take all
// memory. The work must write nothing and log nothing. Returns if it came to an end, also by an exception, which the
// caller meets again when it does the same work itself. Throws Error{bad_data} that names `name` (FILE or FILE:GROUP) if
// it crashed or exceeded its limits. Where no process can be started, or the child waits very long for its disk, a
// warning is logged and nothing was tried.
void try_in_child(const std::string& name, const std::function<void()>& work);

}  // namespace hpcai::data
