#include "hpcai/optim/base_rate.h"

#include <fmt/format.h>

#include <cmath>

namespace hpcai::optim {
namespace {

double factor_of(const RateScaling& scaling, int64_t global_batch) {
  const double batches = static_cast<double>(global_batch) / static_cast<double>(scaling.base_batch);
  if (scaling.rule == RateRule::none) return 1;
  return scaling.rule == RateRule::linear ? batches : std::sqrt(batches);
}

}  // namespace

BaseRate base_rate(const OptimizerConfig& config, int64_t global_batch) {
  return std::visit(
      [&](const auto& rule) {
    const double factor = factor_of(rule.scaling, global_batch);
    return BaseRate(rule.lr * factor, factor);
      },
      config);
}

std::string describe_rate(const OptimizerConfig& config, int64_t global_batch) {
  const BaseRate base = base_rate(config, global_batch);
  return std::visit(
      [&](const auto& rule) {
    const std::string text = fmt::format("{} with lr {:.6g}", rule.kType, base.value);
    if (rule.scaling.rule == RateRule::none) return text;
    const char* how = rule.scaling.rule == RateRule::linear ? "linear" : "square root";
    return text + fmt::format(" ({:.6g} x {:.6g}, {} from batch {})", rule.lr, base.factor, how, rule.scaling.base_batch);
      },
      config);
}

}  // namespace hpcai::optim
