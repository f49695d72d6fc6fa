#include "hpcai/optim/make_optimizer.h"

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

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedTensors& named_parameters) {
  return std::visit([&](const auto& rule) { return make(rule, named_parameters); }, config);
}

}  // namespace hpcai::optim
