#include "hpcai/core/memory_left.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "hpcai/core/text.h"
#include "hpcai/core/threads/cgroup.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

// The sum of the numbers after the given words; nothing if the file has none of them.
template <class... Words>
std::optional<double> sum_of(const fs::path& file, Words... words) {
  std::ifstream stream(file);
  std::optional<double> sum;
  double number = 0;
  for (std::string word; stream >> word;) {
    if (((word == words) || ...) && stream >> number) sum = sum.value_or(0) + number;
  }
  return sum;
}

// What a cgroup leaves under its limit; nothing if it has none.
std::optional<MemoryLeft> left_of(const fs::path& folder, const char* limit, const char* usage) {
  const auto most = parse_number<double>(first_line_of(folder / limit)),
             used = parse_number<double>(first_line_of(folder / usage));
  if (!most || !used) return std::nullopt;
  const fs::path stat = folder / "memory.stat";
  auto of_files = sum_of(stat, "total_inactive_file", "total_active_file");  // v1: with the cgroups below
  if (!of_files) of_files = sum_of(stat, "inactive_file", "active_file");
  return MemoryLeft{std::max(0.0, *most - *used + of_files.value_or(0)), (folder / limit).string()};
}

}  // namespace

MemoryLeft memory_left(const fs::path& root) {
  MemoryLeft least{std::numeric_limits<double>::infinity(), ""};
  const auto take = [&](const std::optional<MemoryLeft>& left) {
    if (left && left->bytes < least.bytes) least = *left;
  };
  const fs::path machine = root / "proc/meminfo";
  if (const auto kibibytes = sum_of(machine, "MemAvailable:")) take(MemoryLeft{*kibibytes * 1024, machine.string()});
  for (const fs::path& folder : cgroup_folders("memory", root)) {
    take(left_of(folder, "memory.max", "memory.current"));
    take(left_of(folder, "memory.limit_in_bytes", "memory.usage_in_bytes"));
  }
  return least;
}

}  // namespace hpcai
