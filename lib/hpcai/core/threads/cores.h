#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hpcai {

// The processor time that the cgroup of this process grants.
struct CpuQuota {
  double cores = 0;  // core seconds in a second; may be below 1
  std::string file;  // the file that states it
};

// The cores of this machine, and the part of them that this process may use.
struct CoreLimits {
  int machine = 1;  // number of cores that are online
  int mask = 1;     // number of cores in the affinity mask of this process
  std::optional<CpuQuota> quota = std::nullopt;

  // Returns the number of threads that can compute at the same time: the mask, or the quota rounded up if that is less.
  int usable() const;
};

// Reads the limits of this process. `root` replaces "/" in the names of files (tests pass a folder).
CoreLimits core_limits(const std::filesystem::path& root = "/");

// Returns the least quota between this process's cgroup and the root of the hierarchy, from cgroup v1 (cpu.cfs_quota_us) and v2
// (cpu.max). Unreadable and unlimited levels have no limit.
std::optional<CpuQuota> cpu_quota(const std::filesystem::path& root = "/");

// The limits of this process, read at the first call.
const CoreLimits& own_core_limits();
// own_core_limits().usable(): the cores that this process may use.
int available_cores();

}  // namespace hpcai
