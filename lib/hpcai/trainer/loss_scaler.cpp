#include "hpcai/trainer/loss_scaler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"

namespace hpcai::trainer {

bool needs_loss_scale(Precision precision, distributed::WirePrecision wire) {
  return precision == Precision::fp16 || wire == distributed::WirePrecision::fp16;
}

void LossScaler::unscale(const std::vector<at::Tensor>& flat_gradients) {
  const at::NoGradGuard no_grad;
  const auto options = flat_gradients.front().options().dtype(at::kFloat);
  overflowed_ = at::zeros({}, options);
  const at::Tensor inverse = at::full({}, 1 / scale_, options);
  at::_amp_foreach_non_finite_check_and_unscale_(flat_gradients, overflowed_, inverse);
}

bool LossScaler::accept(int64_t step) {
  if (overflowed_.item<float>() == 0) {
    skipped_at_minimum_ = 0;
    if (++good_steps_ == scaling_.growth_interval) {
      const double grown = scale_ * scaling_.growth;
      if (std::isfinite(static_cast<float>(grown))) scale_ = grown;
      good_steps_ = 0;
    }
    return true;
  }
  good_steps_ = 0;
  ++skipped_;
  if (scale_ <= scaling_.minimum && ++skipped_at_minimum_ >= scaling_.most_skipped) {
    throw SharedError(ExitCode::diverged,
                      fmt::format("gradients have overflowed fp16 in {} steps in a row up to step {}, even at loss scale {}; "
                                  "these steps updated nothing",
                                  skipped_at_minimum_, step, scale_),
                      "Train with training.precision bf16 or fp32 and distributed.wire_precision same or bf16, or lower "
                      "optimizer.lr or lengthen the warm-up. The last checkpoint is intact.");
  }
  scale_ = std::max(scale_ * scaling_.backoff, scaling_.minimum);
  log::info("step {} is skipped: a gradient overflowed fp16; the loss scale is {} now", step, scale_);
  return false;
}

nlohmann::json LossScaler::state() const {
  return {{"scale", scale_}, {"good_steps", good_steps_}, {"skipped_at_minimum", skipped_at_minimum_}, {"skipped", skipped_}};
}

void LossScaler::load(const nlohmann::json& state) {
  scale_ = number_at(state, "scale", std::numeric_limits<float>::min(), std::numeric_limits<float>::max());
  good_steps_ = count_at(state, "good_steps");
  skipped_at_minimum_ = count_at(state, "skipped_at_minimum");
  skipped_ = state.contains("skipped") ? count_at(state, "skipped") : 0;  // checkpoints of earlier versions do not count them
}

}  // namespace hpcai::trainer
