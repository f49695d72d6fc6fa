#include "hpcai/trainer/skipped_steps.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"

namespace hpcai::trainer {

void SkippedSteps::add(int64_t number, const Divergence& divergence) {
  const std::string what = fmt::format("{} at step {} ({})", divergence.step.reason, number, divergence.where);
  if (on_divergence_ == OnDivergence::stop) {
    throw SharedError(
        ExitCode::diverged, what + "; nothing was updated",
        "Look at these samples, lower optimizer.lr, lengthen the warm-up, or set training.clip_norm. "
        "--resume auto with --set training.on_divergence=skip goes on from the last checkpoint and skips such steps; roll_back "
        "also goes back to an earlier state.");
  }
  ++total_;
  finite_ = 0;
  if (++in_a_row_ >= most_in_a_row_) {
    const std::string why = needed_ > 1
                                ? fmt::format("the training has gone back {} times and come no further", in_a_row_)
                                : fmt::format("{} steps in a row were not finite, and none of them updated anything", in_a_row_);
    throw SharedError(ExitCode::diverged, fmt::format("{}; {}", what, why),
                      "Look at these samples, lower optimizer.lr, lengthen the warm-up, or set training.clip_norm. "
                      "training.max_skipped_steps is the limit. The last checkpoint is intact.");
  }
  if (const auto restored = divergence.step.restored_step) {
    log::shared_warning("step {} takes the training back to its state after step {}: {} ({})", number, *restored,
                        divergence.step.reason, divergence.where);
    return;
  }
  log::shared_warning("step {} is skipped and updates nothing: {} ({})", number, divergence.step.reason, divergence.where);
}

nlohmann::json SkippedSteps::state() const { return {{"in_a_row", in_a_row_}, {"finite", finite_}, {"total", total_}}; }

void SkippedSteps::load(const nlohmann::json& state) {
  in_a_row_ = count_at(state, "in_a_row");
  total_ = count_at(state, "total");
  finite_ = state.contains("finite") ? count_at(state, "finite") : 0;  // earlier versions do not count them
}

}  // namespace hpcai::trainer
