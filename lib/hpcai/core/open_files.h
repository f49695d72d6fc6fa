#pragma once

#include <cstddef>
#include <string>

#include "hpcai/core/error.h"

// The limit of the files, sockets and pipes that a process may have open at a time (ulimit -n).
namespace hpcai {

// Raises the soft limit, which is usually 1024, to the hard limit, but not beyond 65536. It never lowers the limit. Programs that
// this one starts inherit it. Returns the soft limit.
size_t raise_open_file_limit();

// Whether an errno means that the limit of this process (EMFILE) or of the whole system (ENFILE) is reached.
bool is_open_file_limit(int error);

// Returns an error that names the limit and its value. `what`: what this process cannot do, such as "cannot read x.h5".
LocalError open_file_limit(const std::string& what, int error);

// Throws open_file_limit() if this process cannot open `count` more files now.
void require_open_files(size_t count, const std::string& what);

}  // namespace hpcai
