#include "hpcai/distributed/world/restart_guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {

bool lost_a_rank(int status) {
  return status == static_cast<int>(ExitCode::peers_unreachable) || status == static_cast<int>(ExitCode::hang) || status > 128;
}

RestartGuard::Decision RestartGuard::decide(int status, int64_t step) {
  if (most_ == 0 || !lost_a_rank(status)) return {};
  if (step > step_) idle_ = 0;
  step_ = std::max(step_, step);
  if (restarts_ == most_) return {false, fmt::format("a rank was lost again after {} (--restarts)", plural(most_, "restart"))};
  if (idle_ == kMostIdle) return {false, fmt::format("{} restarts have brought the training no further", kMostIdle)};
  ++idle_;
  ++restarts_;
  return {true};
}

}  // namespace hpcai::distributed
