#pragma once

#include <filesystem>
#include <string>

namespace hpcai {

struct MemoryLeft {
  double bytes = 0;   // infinity if it is not known
  std::string limit;  // the file that states it; empty if it is not known
};

// Returns the memory that this process can still take: the least of what the kernel estimates for the machine (MemAvailable) and
// of what the limits of the cgroups leave, from this process's own up to the root of the hierarchy (v1 memory.limit_in_bytes, v2
// memory.max). Pages of files count as free, because the kernel drops them first. `root` replaces "/" in the names of files.
MemoryLeft memory_left(const std::filesystem::path& root = "/");

}  // namespace hpcai
