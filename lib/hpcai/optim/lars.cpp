#include "hpcai/optim/lars.h"

#include <cmath>
#include <span>

#include "hpcai/core/error.h"
#include "hpcai/optim/parameter_lists.h"
#include "hpcai/optim/trust_ratio.h"

namespace hpcai::optim {
Lars::Lars(const LarsConfig& config, NamedTensors named) : Optimizer(std::move(named)), config_(config) {
  if (config.momentum_correction && config.form != LarsForm::you) {
    throw Error(ExitCode::usage, "optimizer.momentum_correction: in form mlperf the momentum does not hold the rate",
                "Set optimizer.momentum_correction to false, or optimizer.form to you.");
  }
  momentum_ = zeros_for(parameters());
  for (const auto& [name, weight] : parameters()) {
    const bool decays = weight.dim() > 1 || config.decay_bias_and_norm || !config.adapt_bias_and_norm;
    decay_.push_back(at::full({}, decays ? config.weight_decay : 0, weight.options().requires_grad(false)));
  }
}

NamedTensors Lars::state() const {
  NamedTensors state;
  for (size_t i = 0; i < momentum_.size(); ++i) state.emplace_back(parameters()[i].first + ".momentum", momentum_[i]);
  if (config_.momentum_correction) state.push_back(last_rate_.state());
  return state;
}

at::Tensor Lars::ratios(const Tensors& weights, const Tensors& grads, const at::Tensor& decay) const {
  const at::Tensor weight_norm = norms(weights), grad_norm = norms(grads);
  const at::Tensor ratio = config_.trust_coefficient * weight_norm / (grad_norm + decay * weight_norm + config_.epsilon);
  return trusted(ratio, weight_norm, grad_norm, config_.max_ratio);
}

void Lars::prepare(const std::vector<size_t>&, double lr) {
  if (!config_.momentum_correction) return;
  if (!rate_change_) rate_change_ = make_number();
  rate_change_->set(last_rate_.change_to(lr));
}

void Lars::update(const std::vector<size_t>& active, const Tensors& grads) {
  const Tensors weights = pick(parameters(), active), momentum = pick(momentum_, active);
  const auto adapted = places(weights, config_.adapt_bias_and_norm);
  const auto decayed = places(weights, config_.decay_bias_and_norm);
  at::Tensor ratio;
  if (!adapted.empty()) {
    ratio = ratios(pick(weights, adapted), pick(grads, adapted), at::stack(pick(pick(decay_, active), adapted)));
  }
  const auto adapt = [&](Tensors tensors) {
    if (!adapted.empty()) put(tensors, adapted, scaled_each(pick(tensors, adapted), ratio));
    return tensors;
  };
  if (rate_change_) multiply_each(momentum_, *rate_change_);  // also of frozen parameters

  Tensors gradient = grads;
  if (!decayed.empty() && config_.weight_decay > 0) {
    put(gradient, decayed, at::_foreach_add(pick(grads, decayed), pick(weights, decayed), config_.weight_decay));
  }
  at::_foreach_mul_(momentum, config_.momentum);
  if (config_.form == LarsForm::you) {
    add_scaled_each(momentum, adapt(gradient), lr());
    at::_foreach_sub_(weights, momentum);
  } else {
    at::_foreach_add_(momentum, gradient);
    add_scaled_each(weights, adapt(momentum), lr(), /*subtract=*/true);
  }
}

// The norms of a run of tensors are computed first, so that the update reads these tensors from the cache. Clipping knows those
// of the gradients.
void Lars::update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors, const Alongside& alongside) {
  const double change = rate_change_ ? rate_change_->number() : 1;
  // That of frozen parameters follows the rate, too.
  if (change != 1 && !momentum_.empty()) {
    const Tensors frozen = without(momentum_, active);
    if (!frozen.empty()) at::_foreach_mul_(frozen, change);
  }
  const auto matrix = [&](size_t k) { return parameters()[active[k]].second.dim() > 1; };
  for (size_t k = 0; k < active.size(); ++k) tensors[k].mean = flat_values(momentum_[active[k]]);
  kernels::MomentumRule rule;
  rule.gradient_scale = static_cast<float>(alongside.gradient_scale);
  rule.keep = static_cast<float>(config_.momentum * change);
  rule.average_weight = static_cast<float>(alongside.average_weight);
  for_cached_runs(tensors, [&](size_t first, size_t count) {
    const Parts parts(std::span<const UpdatePiece>(tensors).subspan(first, count));
    auto squares = parts.sums<kernels::SquareSums>([&](size_t k, const UpdatePiece& piece) -> kernels::SquareSums {
      if (!config_.adapt_bias_and_norm && !matrix(first + k)) return {};
      if (alongside.gradient_squares.empty()) return kernels::squares_of_both(piece);
      return {kernels::sum_of_squares(piece.weight, piece.count), 0};
    });
    for (size_t k = 0; k < count && !alongside.gradient_squares.empty(); ++k) {
      squares[k].other = alongside.gradient_squares[first + k];
    }
    parts.for_each([&](size_t k, const UpdatePiece& piece) {
      const size_t i = first + k;
      const bool adapted = config_.adapt_bias_and_norm || matrix(i);
      const double step = lr().number() * (adapted ? ratio_of(active[i], squares[k], alongside.gradient_scale) : 1);
      const bool you = config_.form == LarsForm::you;
      kernels::MomentumRule own = rule;
      own.decay = static_cast<float>(config_.decay_bias_and_norm || matrix(i) ? config_.weight_decay : 0);
      own.gain = static_cast<float>(you ? step : 1);
      own.rate = static_cast<float>(you ? 1 : step);
      kernels::update_momentum(piece, own);
    });
  });
}

double Lars::ratio_of(size_t index, const kernels::SquareSums& squares, double gradient_scale) const {
  const double weight_norm = std::sqrt(squares.weight), grad_norm = gradient_scale * std::sqrt(squares.other);
  const double decay = *decay_[index].const_data_ptr<float>();
  return trusted(config_.trust_coefficient * weight_norm / (grad_norm + decay * weight_norm + config_.epsilon), weight_norm,
                 grad_norm, config_.max_ratio);
}

}  // namespace hpcai::optim
