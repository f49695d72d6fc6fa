#include "hpcai/trainer/loss_scaler.h"

#include <ATen/core/grad_mode.h>
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

LossScaler::LossScaler(LossScaling scaling, at::Device device) : scaling_(scaling) {
  const auto options = at::TensorOptions(at::kFloat).device(device);
  factor_ = at::zeros({}, options);
  inverse_ = at::zeros({}, options);
  overflowed_ = at::zeros({}, options);
  set_scale(scaling.initial);
}

void LossScaler::set_scale(double scale) {
  scale_ = scale;
  factor_.fill_(scale);
  inverse_.fill_(1 / scale);
}

void LossScaler::unscale(const std::vector<at::Tensor>& flat_gradients) {
  const at::NoGradGuard no_grad;
  overflowed_.zero_();
  at::_amp_foreach_non_finite_check_and_unscale_(flat_gradients, overflowed_, inverse_);
}

bool LossScaler::accept(int64_t step) {
  if (overflowed_.item<float>() == 0) {
    skipped_at_minimum_ = 0;
    if (++good_steps_ == scaling_.growth_interval) {
      const double grown = scale_ * scaling_.growth;
      if (std::isfinite(static_cast<float>(grown))) set_scale(grown);
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
  set_scale(std::max(scale_ * scaling_.backoff, scaling_.minimum));
  log::info("step {} is skipped: a gradient overflowed fp16; the loss scale is {} now", step, scale_);
  return false;
}

nlohmann::json LossScaler::state() const {
  return {{"scale", scale_}, {"good_steps", good_steps_}, {"skipped_at_minimum", skipped_at_minimum_}, {"skipped", skipped_}};
}

void LossScaler::load(const nlohmann::json& state) {
  set_scale(number_at(state, "scale", std::numeric_limits<float>::min(), std::numeric_limits<float>::max()));
  good_steps_ = count_at(state, "good_steps");
  skipped_at_minimum_ = count_at(state, "skipped_at_minimum");
  skipped_ = state.contains("skipped") ? count_at(state, "skipped") : 0;  // checkpoints of earlier versions do not count them
}

}  // namespace hpcai::trainer
