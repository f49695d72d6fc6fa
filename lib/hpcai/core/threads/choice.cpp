#include "hpcai/core/threads/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "hpcai/core/text.h"
#include "hpcai/core/threads/team.h"

namespace hpcai {

ThreadChoice choose_threads(const ThreadRequest& request, const CoreLimits& limits) {
  if (request.setting > 0) return {static_cast<int>(request.setting), "training.threads"};
  if (request.from_openmp) return {*request.from_openmp, "OMP_NUM_THREADS"};
  const double of_mask = static_cast<double>(limits.mask) / request.ranks_on_mask;
  const double of_quota = limits.quota ? std::ceil(limits.quota->cores / request.ranks_on_host - 1e-9) : of_mask;
  const bool by_quota = of_quota < std::floor(of_mask);
  const int threads = std::max(1, static_cast<int>(std::min(of_quota, of_mask)));
  const int sharing = by_quota ? request.ranks_on_host : request.ranks_on_mask;
  std::string why;
  if (by_quota) {
    why = fmt::format("the cgroup grants {:.3g} cores ({})", limits.quota->cores, limits.quota->file);
  } else if (limits.mask < limits.machine) {
    why = fmt::format("the affinity mask allows {} of {} cores", limits.mask, limits.machine);
  } else {
    why = fmt::format("the machine has {}", plural(limits.mask, "core"));
  }
  if (sharing > 1) why += fmt::format(", which {} ranks share", sharing);
  return {threads, why};
}

std::optional<int> openmp_threads() {
  const char* const text = std::getenv("OMP_NUM_THREADS");
  if (!text) return std::nullopt;
  const auto threads = parse_number<int>(trim(split(text, ',').front()));
  if (threads.value_or(0) <= 0) return std::nullopt;
  return std::min(*threads, team::kMostThreads);
}

}  // namespace hpcai
