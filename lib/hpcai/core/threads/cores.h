#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hpcai {

// How much processor time the cgroup of this process grants.
struct CpuQuota {
  double cores = 0;  // core seconds a second; below 1 is possible
  std::string file;  // that says so
};

// The cores of this machine, and what of them this process may use.
struct CoreLimits {
  int machine = 1;  // cores that are online
  int mask = 1;     // cores in the affinity mask of this process
  std::optional<CpuQuota> quota = std::nullopt;

  // Threads that can compute at the same time: the mask, or the quota rounded up where that is less.
  int usable() const;
};

// Reads the limits of this process. `root` stands for "/" in the names of files (tests give a folder).
CoreLimits core_limits(const std::filesystem::path& root = "/");

// The least quota between this process's cgroup and the root of the hierarchy, of cgroup v1 (cpu.cfs_quota_us) and v2
// (cpu.max). Unreadable and unlimited levels count as no limit.
std::optional<CpuQuota> cpu_quota(const std::filesystem::path& root = "/");

// The limits of this process, read once.
const CoreLimits& own_core_limits();
// own_core_limits().usable(): the cores that this process may use.
int available_cores();

}  // namespace hpcai
