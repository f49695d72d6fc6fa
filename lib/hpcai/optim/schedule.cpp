#include "hpcai/optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/optim/base_rate.h"

namespace hpcai::optim {
namespace {

// The position of a step within the training.
struct StepPosition {
  int64_t step;
  int64_t steps_per_epoch;
  int64_t total_steps;
  int64_t warmup;

  // The fraction of the steps after the warm-up that is done, 0 to 1.
  double progress() const {
    const double length = static_cast<double>(std::max<int64_t>(1, total_steps - warmup));
    return std::clamp(static_cast<double>(step - warmup) / length, 0.0, 1.0);
  }
};

// Half a cosine from `from` (at = 0) to `to` (at = 1).
double anneal(double from, double to, double at) { return to + (from - to) * (1 + std::cos(std::numbers::pi * at)) / 2; }

double rate(const ConstantConfig&, const ScheduleState&, double base, const StepPosition&) { return base; }

double rate(const StepConfig& config, const ScheduleState&, double base, const StepPosition& at) {
  for (const double milestone : config.milestones_epochs) {
    if (static_cast<double>(at.step) >= std::round(milestone * static_cast<double>(at.steps_per_epoch))) base *= config.factor;
  }
  return base;
}

double rate(const CosineConfig& config, const ScheduleState&, double base, const StepPosition& at) {
  return anneal(base, base * config.final_fraction, at.progress());
}

double rate(const PolynomialConfig& config, const ScheduleState&, double base, const StepPosition& at) {
  const double left = std::pow(1 - at.progress(), config.power);
  return base * (config.final_fraction + (1 - config.final_fraction) * left);
}

double rate(const PlateauConfig& config, const ScheduleState& state, double base, const StepPosition&) {
  return std::max(base * state.plateau_factor, std::min(base, config.floor));
}

double rate(const OneCycleConfig& config, const ScheduleState&, double base, const StepPosition& at) {
  const double last = static_cast<double>(std::max<int64_t>(at.total_steps - 1, 0));
  const double peak = std::max(config.peak_at * static_cast<double>(at.total_steps) - 1, 0.0);
  const double step = std::min(static_cast<double>(at.step), last);
  if (step < peak) return anneal(base * config.start_fraction, base, step / peak);
  return last > peak ? anneal(base, base * config.final_fraction, (step - peak) / (last - peak)) : base;
}

// Null for a schedule without a warm-up.
const Warmup* warmup_in(const OneCycleConfig&) { return nullptr; }
const Warmup* warmup_in(const Warmup& warmup) { return &warmup; }

int64_t length_of(const Warmup& warmup, int64_t steps_per_epoch) {
  if (warmup.warmup_steps > 0 && warmup.warmup_epochs > 0) {
    throw Error(ExitCode::usage, "schedule: warmup_steps and warmup_epochs are both given", "Keep one of them.");
  }
  if (warmup.warmup_steps > 0) return warmup.warmup_steps;
  return std::llround(warmup.warmup_epochs * static_cast<double>(steps_per_epoch));
}

double warmup_factor(const Warmup& warmup, double scaling, const StepPosition& at) {
  if (at.step >= at.warmup) return 1;
  const bool horovod = warmup.warmup_rule == WarmupRule::horovod;
  const double start = horovod ? 1 / scaling : warmup.warmup_start;
  return start + (1 - start) * static_cast<double>(at.step + horovod) / static_cast<double>(at.warmup);
}

}  // namespace

const Warmup* warmup_of(const ScheduleConfig& config) {
  return std::visit([](const auto& schedule) { return warmup_in(schedule); }, config);
}

int64_t warmup_steps(const ScheduleConfig& config, int64_t steps_per_epoch) {
  const Warmup* warmup = warmup_of(config);
  return warmup ? length_of(*warmup, steps_per_epoch) : 0;
}

std::vector<std::string> schedule_warnings(const ScheduleConfig& config, const OptimizerConfig& optimizer, int64_t global_batch,
                                           int64_t steps_per_epoch, int64_t total_steps) {
  std::vector<std::string> found;
  const int64_t length = warmup_steps(config, steps_per_epoch);
  if (length >= total_steps) {
    found.push_back(fmt::format(
        "the warm-up of {} steps is not over when training ends after {}: the learning rate never reaches optimizer.lr", length,
        total_steps));
  }
  const RateScaling scaling = std::visit([](const auto& rule) { return rule.scaling; }, optimizer);
  if (scaling.rule == RateRule::none && scaling.base_batch != RateScaling{}.base_batch) {
    found.push_back("optimizer.lr_base_batch has no effect with optimizer.lr_scaling none");
  }
  const Warmup* warmup = warmup_of(config);
  if (!warmup) return found;
  const bool horovod = warmup->warmup_rule == WarmupRule::horovod, starts = warmup->warmup_start != Warmup{}.warmup_start;
  if (length == 0 && (horovod || starts)) {
    found.push_back(
        fmt::format("schedule.{} has no effect without warmup_epochs or warmup_steps", horovod ? "warmup_rule" : "warmup_start"));
  } else if (horovod && starts) {
    found.push_back("schedule.warmup_start has no effect with warmup_rule horovod, which starts at optimizer.lr");
  }
  if (horovod && base_rate(optimizer, global_batch).factor < 1) {
    found.push_back(
        fmt::format("a global batch of {} is smaller than optimizer.lr_base_batch {}: the learning rate falls during the warm-up",
                    global_batch, scaling.base_batch));
  }
  return found;
}

double learning_rate(const ScheduleConfig& config, const ScheduleState& state, const BaseRate& base, int64_t step,
                     int64_t steps_per_epoch, int64_t total_steps) {
  const StepPosition at{step, steps_per_epoch, total_steps, warmup_steps(config, steps_per_epoch)};
  return std::visit(
      [&](const auto& schedule) {
    const Warmup* warmup = warmup_of(schedule);
    return (warmup ? warmup_factor(*warmup, base.factor, at) : 1) * rate(schedule, state, base.value, at);
      },
      config);
}

}  // namespace hpcai::optim
