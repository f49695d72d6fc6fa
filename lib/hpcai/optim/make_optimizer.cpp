#include "hpcai/optim/fused.h"

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

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedTensors& named_parameters) {
  return std::visit([&](const auto& rule) { return make(rule, named_parameters); }, config);
}

double base_learning_rate(const OptimizerConfig& config) {
  return std::visit([](const auto& rule) { return rule.lr; }, config);
}

}  // namespace hpcai::optim
