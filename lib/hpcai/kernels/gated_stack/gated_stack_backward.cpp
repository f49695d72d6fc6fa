#include "hpcai/kernels/gated_stack/gated_stack_state.h"

namespace hpcai::kernels::stack {
namespace {

const float* data(const at::Tensor& values) { return values.defined() ? values.const_data_ptr<float>() : nullptr; }

float* row_of(const at::Tensor& partial, int64_t task) { return partial.mutable_data_ptr<float>() + task * partial.size(1); }

GradientSums sums_in(const at::Tensor& partial, int64_t task, int64_t channels) {
  double* const row = partial.mutable_data_ptr<double>() + task * partial.size(1);
  return {row, row + channels};
}

// Gradients of gamma and beta, and what the norm's backward pass subtracts (NormGradient's rows, float32).
struct NormResult {
  at::Tensor gamma, beta, subtract;
};

NormResult norm_result(const at::Tensor& partial, const at::Tensor& count, const GatedStackOptions& options) {
  const at::Tensor local = partial.sum(0).view({2, -1});
  NormResult result;
  result.beta = local[0];
  result.gamma = local[1];
  if (options.norm == NormSource::batch) {
    at::Tensor total = local.clone();
    if (options.sum) options.sum(total);
    result.subtract = (total / count).to(at::kFloat);
  } else {
    result.subtract = at::zeros(local.sizes(), at::kFloat);
  }
  return result;
}

NormGradient subtracted(const NormResult& result) {
  const float* const rows = result.subtract.const_data_ptr<float>();
  return {rows, rows + result.subtract.size(1)};
}

// Walks through one layer's passes; `next` is d loss / d (x + z), undefined for the last layer.
class LayerBackward {
 public:
  LayerBackward(StackState& state, size_t index, const at::Tensor& skips)
      : state_(state), index_(index), layer_(state.layers[index]), plan_(layer_.sizes), skips_(skips) {}

  // Returns d loss / d (layer's source), undefined for the first layer.
  at::Tensor run(const at::Tensor& next, LayerGradient& gradient) {
    post_norm(next, gradient);
    gate(next, gradient);
    input(next, gradient);
    return pre(gradient);
  }

 private:
  int64_t channels() const { return layer_.sizes.channels; }

  SkipGradient skip_pass(const at::Tensor& next, const GradientSums& sums) const {
    return {layer_.sizes, data(layer_.p), norm_of(layer_.p_norm), data(skips_), data(next), sums};
  }

  // A constant in front of a batch norm cancels: its gradient is 0, not the rounding errors that would add up to it.
  at::Tensor bias_gradient(const at::Tensor& sum) const {
    return state_.options.norm == NormSource::batch ? at::zeros_like(sum) : sum;
  }

  void post_norm(const at::Tensor& next, LayerGradient& gradient) {
    const at::Tensor partial = plan_.partial(2 * channels());
    plan_.run([&](int64_t chunk, int64_t task) {
      skip_gradient(skip_pass(next, sums_in(partial, task, channels())), plan_.chunks[chunk]);
    });
    post_ = norm_result(partial, layer_.p_count, state_.options);
    gradient.post_gamma = post_.gamma;
    gradient.post_beta = post_.beta;
  }

  void gate(const at::Tensor& next, LayerGradient& gradient) {
    const int64_t c = channels(), gates = layer_.sizes.gates, lag = layer_.sizes.lag();
    dx_ = at::empty({layer_.sizes.rows(), c}, at::kFloat);
    halo_ = at::empty({static_cast<int64_t>(plan_.chunks.size()), lag, c}, at::kFloat);
    const at::Tensor gated_weight = plan_.partial(4 * c * gates, at::kFloat), gated_bias = plan_.partial(2 * gates, at::kFloat);
    const at::Tensor post_weight = plan_.partial(gates * c, at::kFloat), post_bias = plan_.partial(c, at::kFloat);
    const GateForward forward{layer_.sizes,
                              data(layer_.a),
                              norm_of(layer_.a_norm),
                              data(layer_.gated_columns),
                              data(layer_.gated_bias),
                              data(layer_.post_columns),
                              nullptr,
                              nullptr,
                              nullptr};
    plan_.run([&](int64_t chunk, int64_t task) {
      gate_gradient({forward, skip_pass(next, {}), subtracted(post_), data(layer_.gated_rows), data(layer_.post_rows),
                     dx_.mutable_data_ptr<float>(), halo_.mutable_data_ptr<float>() + chunk * lag * c, row_of(gated_weight, task),
                     row_of(gated_bias, task), row_of(post_weight, task), row_of(post_bias, task)},
                    plan_.chunks[chunk]);
    });
    const auto total = [](const at::Tensor& partial) { return partial.sum(0, false, at::kDouble); };
    gradient.post_weight = total(post_weight).view({gates, c}).t().unsqueeze(2);
    gradient.post_bias = bias_gradient(total(post_bias));
    const at::Tensor folded = total(gated_weight).view({2 * c, 2 * gates}).t();
    const GatedLayerTensors& tensors = state_.tensors[index_];
    folded_ = fold_gradient(state_.options.norm, layer_.folded, tensors.gated_norm, tensors.gated_bias, layer_.moments, folded,
                            total(gated_bias), state_.options.sum);
    gradient.gated_weight = folded_.weight.view({2 * gates, 2, c}).permute({0, 2, 1});
    gradient.gated_bias = folded_.bias;
    gradient.gated_gamma = folded_.gamma;
    gradient.gated_beta = folded_.beta;
  }

  void input(const at::Tensor& next, LayerGradient& gradient) {
    const int64_t c = channels(), halo_size = layer_.sizes.lag() * c;
    const bool batch = folded_.statistics.defined();
    const at::Tensor statistics = batch ? folded_.statistics.to(at::kFloat).contiguous() : at::Tensor();
    const at::Tensor offset = batch ? folded_.offset.to(at::kFloat).contiguous() : at::Tensor();
    const at::Tensor partial = plan_.partial(2 * c);
    plan_.run([&](int64_t chunk, int64_t task) {
      const bool first = chunk % plan_.chunks_per_sample == 0, last = (chunk + 1) % plan_.chunks_per_sample == 0;
      const float* const halos = data(halo_);
      input_gradient({layer_.sizes, data(layer_.a), norm_of(layer_.a_norm), data(next), data(statistics), data(offset),
                      last ? nullptr : halos + (chunk + 1) * halo_size, first ? nullptr : halos + (chunk - 1) * halo_size,
                      dx_.mutable_data_ptr<float>(), sums_in(partial, task, c)},
                     plan_.chunks[chunk]);
    });
    pre_ = norm_result(partial, layer_.a_count, state_.options);
    gradient.pre_gamma = pre_.gamma;
    gradient.pre_beta = pre_.beta;
  }

  at::Tensor pre(LayerGradient& gradient) {
    const at::Tensor rows = state_.tensors[index_].pre_weight.detach().squeeze(2).to(at::kFloat).contiguous();
    const int64_t c = channels(), width = rows.size(1);
    const at::Tensor weight = plan_.partial(width * c, at::kFloat), bias = plan_.partial(c, at::kFloat);
    at::Tensor source = index_ > 0 ? at::empty({layer_.sizes.rows(), width}, at::kFloat) : at::Tensor();
    plan_.run([&](int64_t chunk, int64_t task) {
      pre_gradient(
          {layer_.sizes, source_of(state_, index_), data(layer_.a), norm_of(layer_.a_norm), subtracted(pre_), data(rows),
           data(dx_), source.defined() ? source.mutable_data_ptr<float>() : nullptr, row_of(weight, task), row_of(bias, task)},
          plan_.chunks[chunk]);
    });
    gradient.pre_weight = weight.sum(0, false, at::kDouble).view({width, c}).t().unsqueeze(2);
    gradient.pre_bias = bias_gradient(bias.sum(0, false, at::kDouble));
    return source;
  }

  StackState& state_;
  size_t index_;
  LayerState& layer_;
  Plan plan_;
  at::Tensor skips_, dx_, halo_;
  NormResult post_, pre_;
  FoldedGradient folded_;
};

}  // namespace

std::vector<LayerGradient> run_backward(StackState& state, const at::Tensor& grad) {
  std::vector<LayerGradient> gradients(state.layers.size());
  at::Tensor next;
  for (size_t i = state.layers.size(); i-- > 0;) {
    next = LayerBackward(state, i, grad).run(next, gradients[i]);
    state.layers.pop_back();
  }
  return gradients;
}

}  // namespace hpcai::kernels::stack
