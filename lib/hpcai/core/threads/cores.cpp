#include "hpcai/core/threads/cores.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string_view>
#include <vector>

#include "hpcai/core/text.h"
#include "hpcai/core/threads/cgroup.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

std::optional<double> positive(std::string_view text) {
  const auto value = parse_number<double>(text);
  return value.value_or(0) > 0 ? value : std::nullopt;
}

// Returns the number of cores in a list such as "0-3,8,10-11"; 0 for other text.
int count_of_list(const std::string& list) {
  int count = 0;
  for (std::string_view range : split(list, ',')) {
    const auto first = take_number<int>(range);
    if (!first) return 0;
    const auto last = range.empty() ? first : parse_number<int>(range.substr(1));
    if (!last) return 0;
    count += std::max(0, *last - *first + 1);
  }
  return count;
}

int online_cores(const fs::path& root) {
  const int count = count_of_list(first_line_of(root / "sys/devices/system/cpu/online"));
  return count > 0 ? count : static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_CONF)));
}

// Returns the number of cores in the affinity mask. The set grows until the kernel's mask fits, for more than 1,024 cores.
int cores_in_mask() {
  for (int cores = CPU_SETSIZE; cores <= 1 << 20; cores *= 2) {
    cpu_set_t* const set = CPU_ALLOC(cores);
    if (!set) break;
    const size_t size = CPU_ALLOC_SIZE(cores);
    const bool read = sched_getaffinity(0, size, set) == 0;
    const int count = read ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (read) return std::max(1, count);
  }
  return 0;
}

std::optional<CpuQuota> quota_of(const fs::path& folder) {
  // v2: "max 100000" or "150000 100000"
  std::istringstream line(first_line_of(folder / "cpu.max"));
  std::string granted, period;
  line >> granted >> period;
  fs::path file = folder / "cpu.max";
  if (granted.empty()) {
    file = folder / "cpu.cfs_quota_us";  // v1: -1 means no limit
    granted = first_line_of(file);
    period = first_line_of(folder / "cpu.cfs_period_us");
  }
  const auto time = positive(granted), whole = positive(period);
  if (!time || !whole) return std::nullopt;
  return CpuQuota{*time / *whole, file.string()};
}

}  // namespace

int CoreLimits::usable() const {
  const int granted = quota ? static_cast<int>(std::ceil(std::min(quota->cores, 1e6) - 1e-9)) : mask;
  return std::max(1, std::min(mask, granted));
}

std::optional<CpuQuota> cpu_quota(const fs::path& root) {
  std::optional<CpuQuota> least;
  for (const fs::path& folder : cgroup_folders("cpu", root)) {
    const auto quota = quota_of(folder);
    if (quota && (!least || quota->cores < least->cores)) least = quota;
  }
  return least;
}

CoreLimits core_limits(const fs::path& root) {
  CoreLimits limits;
  limits.machine = online_cores(root);
  const int mask = cores_in_mask();
  limits.mask = mask > 0 ? mask : limits.machine;
  limits.quota = cpu_quota(root);
  return limits;
}

const CoreLimits& own_core_limits() {
  static const CoreLimits limits = core_limits();
  return limits;
}

int available_cores() { return own_core_limits().usable(); }

}  // namespace hpcai
