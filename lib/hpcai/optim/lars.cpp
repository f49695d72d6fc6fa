#include "hpcai/optim/lars.h"

#include "hpcai/core/error.h"
#include "hpcai/optim/parameter_lists.h"
#include "hpcai/optim/trust_ratio.h"

namespace hpcai::optim {
namespace {

// The decay of each tensor, for the ratio's denominator; a number where all have the same.
at::Tensor decay_of_each(const Tensors& weights, const LarsConfig& config) {
  std::vector<double> decay;
  for (const at::Tensor& weight : weights)
    decay.push_back(weight.dim() > 1 || config.decay_bias_and_norm ? config.weight_decay : 0);
  return at::tensor(decay, at::kDouble).to(weights.front().options().requires_grad(false), /*non_blocking=*/true);
}

}  // namespace

Lars::Lars(const LarsConfig& config, NamedTensors named) : Optimizer(std::move(named)), config_(config) {
  if (config.momentum_correction && config.form != LarsForm::you) {
    throw Error(ExitCode::usage, "optimizer.momentum_correction: in form mlperf the momentum does not hold the rate",
                "Set optimizer.momentum_correction to false, or optimizer.form to you.");
  }
  momentum_ = zeros_for(parameters());
}

NamedTensors Lars::state() const {
  NamedTensors state;
  for (size_t i = 0; i < momentum_.size(); ++i) state.emplace_back(parameters()[i].first + ".momentum", momentum_[i]);
  if (config_.momentum_correction) state.push_back(last_rate_.state());
  return state;
}

at::Tensor Lars::ratios(const Tensors& weights, const Tensors& grads) const {
  const at::Tensor weight_norm = norms(weights), grad_norm = norms(grads);
  const at::Tensor decay =
      config_.adapt_bias_and_norm ? decay_of_each(weights, config_) : at::scalar_tensor(config_.weight_decay);
  const at::Tensor ratio = config_.trust_coefficient * weight_norm / (grad_norm + decay * weight_norm + config_.epsilon);
  return trusted(ratio, weight_norm, grad_norm, config_.max_ratio);
}

void Lars::update(const std::vector<size_t>& active, const Tensors& grads, double lr) {
  const Tensors weights = pick(parameters(), active), momentum = pick(momentum_, active);
  const auto adapted = places(weights, config_.adapt_bias_and_norm);
  const auto decayed = places(weights, config_.decay_bias_and_norm);
  const at::Tensor ratio = adapted.empty() ? at::Tensor() : ratios(pick(weights, adapted), pick(grads, adapted));
  const auto adapt = [&](Tensors tensors) {
    if (!adapted.empty()) put(tensors, adapted, scaled_each(pick(tensors, adapted), ratio));
    return tensors;
  };
  if (config_.momentum_correction) {
    const double change = last_rate_.change_to(lr);
    if (change != 1) at::_foreach_mul_(momentum_, change);  // of frozen parameters, too
  }

  Tensors gradient = grads;
  if (!decayed.empty() && config_.weight_decay > 0) {
    put(gradient, decayed, at::_foreach_add(pick(grads, decayed), pick(weights, decayed), config_.weight_decay));
  }
  at::_foreach_mul_(momentum, config_.momentum);
  if (config_.form == LarsForm::you) {
    at::_foreach_add_(momentum, adapt(gradient), lr);
    at::_foreach_sub_(weights, momentum);
  } else {
    at::_foreach_add_(momentum, gradient);
    at::_foreach_add_(weights, adapt(momentum), -lr);
  }
}

}  // namespace hpcai::optim
