#include "hpcai/distributed/world/restart_guard.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {
namespace {

bool lost_a_rank(int status) {
  return status == static_cast<int>(ExitCode::peers_unreachable) || status == static_cast<int>(ExitCode::hang) || status > 128;
}

}  // namespace

RestartGuard::Decision RestartGuard::decide(int status, int64_t saved_step) {
  if (most_ == 0 || !lost_a_rank(status)) return {};
  if (saved_step > saved_step_) idle_ = 0;
  saved_step_ = saved_step;
  if (restarts_ == most_) return {false, fmt::format("a rank was lost again after {} (--restarts)", plural(most_, "restart"))};
  if (idle_ == kMostIdle) return {false, fmt::format("{} restarts have brought no newer checkpoint", kMostIdle)};
  ++idle_;
  ++restarts_;
  return {true};
}

}  // namespace hpcai::distributed
