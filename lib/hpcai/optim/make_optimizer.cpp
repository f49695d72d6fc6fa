#include <fmt/format.h>

#include <cmath>

#include "hpcai/optim/fused.h"
#include "hpcai/optim/lamb.h"
#include "hpcai/optim/lars.h"

namespace hpcai::optim {
namespace {

std::unique_ptr<Optimizer> make(const SgdConfig& config, const NamedTensors& named) {
  return std::make_unique<Sgd>(config, named);
}
std::unique_ptr<Optimizer> make(const AdamConfig& config, const NamedTensors& named) {
  return std::make_unique<Adam>(config, named);
}
std::unique_ptr<Optimizer> make(const AdamWConfig& config, const NamedTensors& named) {
  return std::make_unique<Adam>(config, named);
}
std::unique_ptr<Optimizer> make(const LarsConfig& config, const NamedTensors& named) {
  return std::make_unique<Lars>(config, named);
}
std::unique_ptr<Optimizer> make(const LambConfig& config, const NamedTensors& named) {
  return std::make_unique<Lamb>(config, named);
}

double factor_of(const RateScaling& scaling, int64_t global_batch) {
  const double batches = static_cast<double>(global_batch) / static_cast<double>(scaling.base_batch);
  if (scaling.rule == RateRule::none) return 1;
  return scaling.rule == RateRule::linear ? batches : std::sqrt(batches);
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedTensors& named_parameters) {
  return std::visit([&](const auto& rule) { return make(rule, named_parameters); }, config);
}

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
