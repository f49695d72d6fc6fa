#include "hpcai/optim/fused.h"

#include <ATen/ATen.h>

#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/optim/parameter_lists.h"

namespace hpcai::optim {
namespace {

// The positions in `active` of the parameters with and without weight decay. A fused call has one decay for all its parameters.
struct Groups {
  std::vector<size_t> decayed, plain;
};

Groups split(const NamedTensors& parameters, const std::vector<size_t>& active, bool decay_bias_and_norm) {
  Groups groups;
  for (size_t k = 0; k < active.size(); ++k) {
    const bool vector = parameters[active[k]].second.dim() <= 1;
    (vector && !decay_bias_and_norm ? groups.plain : groups.decayed).push_back(k);
  }
  return groups;
}

// Calls apply(parameter indices, gradients, weight decay) for each non-empty group.
template <class Apply>
void for_each_group(const NamedTensors& parameters, const std::vector<size_t>& active, const Tensors& grads, double weight_decay,
                    bool decay_bias_and_norm, const Apply& apply) {
  const Groups groups = split(parameters, active, decay_bias_and_norm || weight_decay == 0);
  const auto run = [&](const std::vector<size_t>& members, double decay) {
    if (members.empty()) return;
    std::vector<size_t> indices;
    for (const size_t k : members) indices.push_back(active[k]);
    apply(indices, pick(grads, members), decay);
  };
  run(groups.decayed, weight_decay);
  run(groups.plain, 0);
}

// Calls apply(rate) with the number or the tensor of `rate`; the fused kernels accept both.
template <class Apply>
void with_rate(const StepValue& rate, const Apply& apply) {
  if (rate.is_tensor()) {
    apply(rate.tensor());
  } else {
    apply(rate.number());
  }
}

AdamConfig as_adam(const AdamWConfig& config) {
  return {.lr = config.lr,
          .beta1 = config.beta1,
          .beta2 = config.beta2,
          .epsilon = config.epsilon,
          .weight_decay = config.weight_decay,
          .decay_bias_and_norm = config.decay_bias_and_norm};
}

// The weight decay of a parameter by a config with these two keys.
template <class Config>
double decay_of(const at::Tensor& parameter, const Config& config) {
  return parameter.dim() > 1 || config.decay_bias_and_norm ? config.weight_decay : 0;
}

}  // namespace

Sgd::Sgd(const SgdConfig& config, NamedTensors named) : Optimizer(std::move(named)), config_(config) {
  if (config.nesterov && config.momentum == 0) {
    throw Error(ExitCode::usage, "optimizer.nesterov: true needs a momentum above 0",
                "Set optimizer.momentum, for example to 0.9, or nesterov: false.");
  }
  if (config.momentum > 0) momentum_ = zeros_for(parameters());
}

NamedTensors Sgd::state() const {
  NamedTensors state;
  for (size_t i = 0; i < momentum_.size(); ++i) state.emplace_back(parameters()[i].first + ".momentum", momentum_[i]);
  if (!config_.momentum_correction) state.push_back(last_rate_.state());
  return state;
}

void Sgd::prepare(const std::vector<size_t>&, double lr) {
  if (config_.momentum_correction) return;
  if (!rate_change_) rate_change_ = make_number();
  rate_change_->set(last_rate_.change_to(lr));
}

void Sgd::update(const std::vector<size_t>& active, const Tensors& grads) {
  if (rate_change_ && !momentum_.empty()) divide_each(momentum_, *rate_change_);  // also of frozen parameters
  for_each_group(parameters(), active, grads, config_.weight_decay, config_.decay_bias_and_norm,
                 [&](const std::vector<size_t>& indices, const Tensors& group_grads, double decay) {
    const Tensors buffers = momentum_.empty() ? Tensors{} : pick(momentum_, indices);
    with_rate(lr(), [&](const auto& rate) {
      at::_fused_sgd_(pick(parameters(), indices), group_grads, buffers, decay, config_.momentum, rate,
                      /*dampening=*/0, config_.nesterov, /*maximize=*/false, /*is_first_step=*/false);
    });
  });
}

void Sgd::update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors, const Alongside& alongside) {
  const double change = rate_change_ ? rate_change_->number() : 1;
  // That of frozen parameters follows the rate, too.
  if (change != 1 && !momentum_.empty()) {
    const Tensors frozen = without(momentum_, active);
    if (!frozen.empty()) at::_foreach_div_(frozen, change);
  }
  for (size_t k = 0; k < active.size() && !momentum_.empty(); ++k) tensors[k].mean = flat_values(momentum_[active[k]]);
  kernels::MomentumRule rule;
  rule.gradient_scale = static_cast<float>(alongside.gradient_scale);
  rule.keep = static_cast<float>(config_.momentum / change);
  rule.rate = static_cast<float>(lr().number());
  rule.nesterov = config_.nesterov;
  rule.momentum = static_cast<float>(config_.momentum);
  rule.average_weight = static_cast<float>(alongside.average_weight);
  Parts(tensors).for_each([&](size_t k, const UpdatePiece& piece) {
    kernels::MomentumRule own = rule;
    own.decay = static_cast<float>(decay_of(parameters()[active[k]].second, config_));
    kernels::update_momentum(piece, own);
  });
}

Adam::Adam(const AdamConfig& config, NamedTensors named) : Adam(config, false, std::move(named)) {}

Adam::Adam(const AdamWConfig& config, NamedTensors named) : Adam(as_adam(config), true, std::move(named)) {}

Adam::Adam(const AdamConfig& config, bool decoupled, NamedTensors named)
    : Optimizer(std::move(named)), config_(config), decoupled_(decoupled) {
  mean_ = zeros_for(parameters());
  square_ = zeros_for(parameters());
  for (const auto& [name, parameter] : parameters()) {
    step_.push_back(at::zeros({}, parameter.options().dtype(at::kFloat).requires_grad(false)));
  }
}

NamedTensors Adam::state() const { return moments_by_name(parameters(), mean_, square_, step_); }

void Adam::update(const std::vector<size_t>& active, const Tensors& grads) {
  at::_foreach_add_(pick(step_, active), 1);
  const auto fused = [&](auto&& kernel, const std::vector<size_t>& indices, const Tensors& group_grads, double decay) {
    with_rate(lr(), [&](const auto& rate) {
      kernel(pick(parameters(), indices), group_grads, pick(mean_, indices), pick(square_, indices), Tensors{},
             pick(step_, indices), rate, config_.beta1, config_.beta2, decay, config_.epsilon);
    });
  };
  const auto adam = [](const auto&... arguments) { at::_fused_adam_(arguments..., /*amsgrad=*/false, /*maximize=*/false); };
  const auto adamw = [](const auto&... arguments) { at::_fused_adamw_(arguments..., /*amsgrad=*/false, /*maximize=*/false); };
  for_each_group(parameters(), active, grads, config_.weight_decay, config_.decay_bias_and_norm,
                 [&](const std::vector<size_t>& indices, const Tensors& group_grads, double decay) {
    if (decoupled_) {
      fused(adamw, indices, group_grads, decay);
    } else {
      fused(adam, indices, group_grads, decay);
    }
  });
}

void Adam::update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors, const Alongside& alongside) {
  std::vector<kernels::AdamRule> rules(tensors.size());
  for (size_t k = 0; k < active.size(); ++k) {
    const size_t i = active[k];
    const double step = ++*step_[i].mutable_data_ptr<float>(), rate = lr().number();
    const double decay = decay_of(parameters()[i].second, config_);
    rules[k] = {.gradient_scale = static_cast<float>(alongside.gradient_scale),
                .decay = static_cast<float>(decoupled_ ? 0 : decay),
                .shrink = static_cast<float>(decoupled_ ? 1 - rate * decay : 1),
                .beta2 = static_cast<float>(config_.beta2),
                .one_minus_beta1 = static_cast<float>(1 - config_.beta1),
                .one_minus_beta2 = static_cast<float>(1 - config_.beta2),
                .root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(config_.beta2, step))),
                .epsilon = static_cast<float>(config_.epsilon),
                .rate = static_cast<float>(rate / (1 - std::pow(config_.beta1, step))),
                .average_weight = static_cast<float>(alongside.average_weight)};
    tensors[k].mean = flat_values(mean_[i]);
    tensors[k].square = flat_values(square_[i]);
  }
  Parts(tensors).for_each([&](size_t k, const UpdatePiece& piece) { kernels::update_adam(piece, rules[k]); });
}

}  // namespace hpcai::optim
