#include "hpcai/optim/lamb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "hpcai/core/error.h"
#include "hpcai/optim/parameter_lists.h"
#include "hpcai/optim/trust_ratio.h"

namespace hpcai::optim {

Lamb::Lamb(const LambConfig& config, NamedTensors named) : Optimizer(std::move(named)), config_(config) {
  if (config.max_weight_norm > 0 && config.max_weight_norm < config.min_weight_norm) {
    throw Error(ExitCode::usage,
                fmt::format("optimizer.max_weight_norm {} is below optimizer.min_weight_norm {}", config.max_weight_norm,
                            config.min_weight_norm),
                "Raise optimizer.max_weight_norm, or set it to 0 for no limit.");
  }
  mean_ = zeros_for(parameters());
  square_ = zeros_for(parameters());
  run_updates_ = at::empty({0}, at::kFloat);
  for (size_t i = 0; i < parameters().size(); ++i) step_.push_back(at::zeros({}, at::kLong));
}

NamedTensors Lamb::state() const { return moments_by_name(parameters(), mean_, square_, step_); }

// Adam's update u without decay, from the present moments, as new tensors.
Tensors Lamb::direction(const std::vector<size_t>& active) const {
  const Tensors mean = pick(mean_, active);
  Tensors root = at::_foreach_sqrt(pick(square_, active));
  for (const auto& [offset, age] : ages_) divide_each(pick(root, age.places), age.root_scale);
  at::_foreach_add_(root, config_.epsilon);
  Tensors direction(active.size());
  for (const auto& [offset, age] : ages_) put(direction, age.places, divided_each(pick(mean, age.places), age.mean_scale));
  at::_foreach_div_(direction, root);
  return direction;
}

at::Tensor Lamb::bounded(const at::Tensor& weight_norm) const {
  const at::Tensor bounded = config_.min_weight_norm > 0 ? weight_norm.clamp_min(config_.min_weight_norm) : weight_norm;
  return config_.max_weight_norm > 0 ? bounded.clamp_max(config_.max_weight_norm) : bounded;
}

void Lamb::prepare(const std::vector<size_t>& active, double) {
  ++updates_;
  for (auto& [offset, age] : ages_) age.places.clear();
  for (size_t place = 0; place < active.size(); ++place) {
    const int64_t step = ++*step_[active[place]].mutable_data_ptr<int64_t>();
    const auto [found, is_new] = ages_.try_emplace(step - updates_);
    if (is_new) found->second = {{}, make_number(), make_number()};
    found->second.places.push_back(place);
  }
  std::erase_if(ages_, [](const auto& age) { return age.second.places.empty(); });
  for (auto& [offset, age] : ages_) {
    const auto step = static_cast<double>(offset + updates_);
    age.mean_scale.set(config_.bias_correction ? 1 - std::pow(config_.beta1, step) : 1.0);
    age.root_scale.set(config_.bias_correction ? std::sqrt(1 - std::pow(config_.beta2, step)) : 1.0);
  }
}

void Lamb::update(const std::vector<size_t>& active, const Tensors& grads) {
  const Tensors weights = pick(parameters(), active), mean = pick(mean_, active), square = pick(square_, active);
  at::_foreach_lerp_(mean, grads, 1 - config_.beta1);
  at::_foreach_mul_(square, config_.beta2);
  at::_foreach_addcmul_(square, grads, grads, 1 - config_.beta2);

  Tensors update = direction(active);
  const auto decayed = places(weights, config_.decay_bias_and_norm), adapted = places(weights, config_.adapt_bias_and_norm);
  if (!decayed.empty() && config_.weight_decay > 0) {
    at::_foreach_add_(pick(update, decayed), pick(weights, decayed), config_.weight_decay);
  }
  if (!adapted.empty()) {
    const at::Tensor weight_norm = bounded(norms(pick(weights, adapted))), update_norm = norms(pick(update, adapted));
    const at::Tensor ratio = trusted(weight_norm / update_norm, weight_norm, update_norm, config_.max_ratio);
    put(update, adapted, scaled_each(pick(update, adapted), ratio));
  }
  add_scaled_each(weights, update, lr(), /*subtract=*/true);
}

// The first pass over a run of tensors makes the moments, the updates and the norms; the second reads weights and updates from
// the cache. The updates of all runs and steps use the same memory.
void Lamb::update_in_one_pass(const std::vector<size_t>& active, std::vector<UpdatePiece> tensors, const Alongside& alongside) {
  std::vector<kernels::LambRule> rules(tensors.size());
  std::vector<char> adapted(tensors.size(), 0);
  for (size_t k = 0; k < active.size(); ++k) {
    const bool matrix = parameters()[active[k]].second.dim() > 1;
    adapted[k] = config_.adapt_bias_and_norm || matrix;
    rules[k] = {.gradient_scale = static_cast<float>(alongside.gradient_scale),
                .beta2 = static_cast<float>(config_.beta2),
                .one_minus_beta1 = static_cast<float>(1 - config_.beta1),
                .one_minus_beta2 = static_cast<float>(1 - config_.beta2),
                .epsilon = static_cast<float>(config_.epsilon),
                .decay = static_cast<float>(config_.decay_bias_and_norm || matrix ? config_.weight_decay : 0),
                .average_weight = static_cast<float>(alongside.average_weight)};
    tensors[k].mean = flat_values(mean_[active[k]]);
    tensors[k].square = flat_values(square_[active[k]]);
  }
  for (const auto& [offset, age] : ages_) {
    for (const size_t k : age.places) {
      rules[k].mean_scale = static_cast<float>(1 / age.mean_scale.number());
      rules[k].root_scale = static_cast<float>(1 / age.root_scale.number());
    }
  }
  for_cached_runs(tensors, [&](size_t first, size_t count) {
    std::vector<int64_t> begins(count + 1, 0);  // of the tensors in run_updates_
    for (size_t k = 0; k < count; ++k) begins[k + 1] = begins[k] + tensors[first + k].count;
    if (run_updates_.numel() < begins.back()) run_updates_ = at::empty({begins.back()}, at::kFloat);
    float* const of_run = run_updates_.mutable_data_ptr<float>();
    const auto update_of = [&](size_t k, const UpdatePiece& piece) {
      return of_run + begins[k] + (piece.weight - tensors[first + k].weight);
    };
    const Parts parts(std::span<const UpdatePiece>(tensors).subspan(first, count));
    const auto squares = parts.sums<kernels::SquareSums>([&](size_t k, const UpdatePiece& piece) {
      return kernels::update_lamb_moments(piece, rules[first + k], update_of(k, piece));
    });
    parts.for_each([&](size_t k, const UpdatePiece& piece) {
      const double ratio = adapted[first + k] != 0 ? ratio_of(squares[k]) : 1;
      kernels::apply_lamb(piece, rules[first + k], update_of(k, piece), static_cast<float>(lr().number() * ratio));
    });
  });
}

double Lamb::ratio_of(const kernels::SquareSums& squares) const {
  double weight_norm = std::max(std::sqrt(squares.weight), config_.min_weight_norm);
  if (config_.max_weight_norm > 0) weight_norm = std::min(weight_norm, config_.max_weight_norm);
  const double update_norm = std::sqrt(squares.other);
  return trusted(weight_norm / update_norm, weight_norm, update_norm, config_.max_ratio);
}

}  // namespace hpcai::optim
