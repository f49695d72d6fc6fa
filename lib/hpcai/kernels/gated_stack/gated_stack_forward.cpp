#include "hpcai/kernels/gated_stack/gated_stack_state.h"

namespace hpcai::kernels::stack {
namespace {

at::Tensor as_float(const at::Tensor& values) { return values.detach().to(at::kFloat).contiguous(); }

// Moments for one task, in a row (count, means, squares).
Moments moments_in(const at::Tensor& partial, int64_t task, int64_t channels) {
  double* const row = partial.mutable_data_ptr<double>() + task * partial.size(1);
  return {row, row + 1, row + 1 + channels};
}

// x of the given steps of every sample, float64 [samples * steps, C].
at::Tensor edge(const LayerState& layer, int64_t begin, int64_t end) {
  const Sizes& sizes = layer.sizes;
  const at::Tensor steps = layer.a.view({sizes.samples, sizes.steps, sizes.channels}).slice(1, begin, end);
  return (steps * layer.a_norm[0] + layer.a_norm[1]).relu().to(at::kDouble).flatten(0, 1);
}

// Mean and covariance of u(t) = [x(t - left), x(t + right)], zeros outside the sample included.
InputMoments tap_moments(const LayerState& layer, const Plan& plan, const Sum& sum) {
  const Sizes& sizes = layer.sizes;
  const int64_t channels = sizes.channels, square = channels * channels;
  const at::Tensor partial = plan.partial(channels + 2 * square);
  plan.run([&](int64_t chunk, int64_t task) {
    double* const row = partial.mutable_data_ptr<double>() + task * partial.size(1);
    tap_sums({sizes, layer.a.const_data_ptr<float>(), norm_of(layer.a_norm), row, row + channels, row + channels + square},
             plan.chunks[chunk]);
  });
  const at::Tensor all = partial.sum(0);
  const at::Tensor total = all.narrow(0, 0, channels), squares = all.narrow(0, channels, square).view({channels, channels});
  const at::Tensor lagged = all.narrow(0, channels + square, square).view({channels, channels});
  // The first tap never sees a sample's last steps, the second never its first.
  const at::Tensor last = edge(layer, std::max<int64_t>(0, sizes.steps - sizes.left), sizes.steps);
  const at::Tensor first = edge(layer, 0, std::min(sizes.right, sizes.steps));
  const at::Tensor sums = at::cat({total - last.sum(0), total - first.sum(0)});
  const at::Tensor products =
      at::cat({at::cat({squares - last.t().mm(last), lagged}, 1), at::cat({lagged.t(), squares - first.t().mm(first)}, 1)});
  at::Tensor together = at::cat({at::full({1}, static_cast<double>(sizes.rows()), at::kDouble), sums, products.flatten()});
  if (sum) sum(together);
  InputMoments moments;
  moments.count = together[0];
  moments.mean = together.narrow(0, 1, 2 * channels) / moments.count;
  moments.covariance = together.narrow(0, 1 + 2 * channels, 4 * square).view({2 * channels, 2 * channels}) / moments.count -
                       moments.mean.outer(moments.mean);
  return moments;
}

// Runs pre on the layer's source and adds the skips of the layer before.
void forward_pre(StackState& state, size_t index, const Plan& plan, at::Tensor& skips) {
  LayerState& layer = state.layers[index];
  const GatedLayerTensors& tensors = state.tensors[index];
  const GatedStackOptions& options = state.options;
  const bool batch = options.norm == NormSource::batch;
  const int64_t channels = layer.sizes.channels;
  const at::Tensor weight = as_float(tensors.pre_weight.squeeze(2).t()), bias = as_float(tensors.pre_bias);
  const at::Tensor partial = plan.partial(1 + 2 * channels);
  layer.a = at::empty({layer.sizes.rows(), channels}, at::kFloat);
  plan.run([&](int64_t chunk, int64_t task) {
    const Moments moments = moments_in(partial, task, channels);
    pre_forward({layer.sizes, source_of(state, index), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                 layer.a.mutable_data_ptr<float>(), index > 0 ? skips.mutable_data_ptr<float>() : nullptr, index == 1,
                 batch ? &moments : nullptr},
                plan.chunks[chunk]);
  });
  const Statistics statistics = batch ? combine(partial, options.sum) : Statistics{};
  layer.a_norm = packed(affine_norm(options.norm, tensors.pre_norm, statistics, channels, options.eps, options.momentum));
  layer.a_count = statistics.count;
}

void forward_gate(StackState& state, size_t index, const Plan& plan) {
  LayerState& layer = state.layers[index];
  const GatedLayerTensors& tensors = state.tensors[index];
  const GatedStackOptions& options = state.options;
  const bool batch = options.norm == NormSource::batch;
  const int64_t channels = layer.sizes.channels;
  if (batch) layer.moments = tap_moments(layer, plan, options.sum);
  const at::Tensor weight = tensors.gated_weight.permute({0, 2, 1}).flatten(1);
  layer.folded = fold(options.norm, tensors.gated_norm, weight, tensors.gated_bias, layer.moments, options.eps, options.momentum);
  layer.gated_rows = as_float(layer.folded.weight);
  layer.gated_columns = as_float(layer.folded.weight.t());
  layer.gated_bias = as_float(layer.folded.bias);
  layer.post_rows = as_float(tensors.post_weight.squeeze(2));
  layer.post_columns = as_float(layer.post_rows.t());
  const at::Tensor post_bias = as_float(tensors.post_bias), partial = plan.partial(1 + 2 * channels);
  layer.p = at::empty({layer.sizes.rows(), channels}, at::kFloat);
  plan.run([&](int64_t chunk, int64_t task) {
    const Moments moments = moments_in(partial, task, channels);
    gate_forward(
        {layer.sizes, layer.a.const_data_ptr<float>(), norm_of(layer.a_norm), layer.gated_columns.const_data_ptr<float>(),
         layer.gated_bias.const_data_ptr<float>(), layer.post_columns.const_data_ptr<float>(), post_bias.const_data_ptr<float>(),
         layer.p.mutable_data_ptr<float>(), batch ? &moments : nullptr},
        plan.chunks[chunk]);
  });
  const Statistics statistics = batch ? combine(partial, options.sum) : Statistics{};
  layer.p_norm = packed(affine_norm(options.norm, tensors.post_norm, statistics, channels, options.eps, options.momentum));
  layer.p_count = statistics.count;
}

}  // namespace

Source source_of(const StackState& state, size_t layer) {
  Source source;
  if (layer == 0) {
    source.input = state.input.const_data_ptr<float>();
    source.width = state.input.size(1);
    return source;
  }
  const LayerState& before = state.layers[layer - 1];
  source.width = before.sizes.channels;
  source.a = before.a.const_data_ptr<float>();
  source.p = before.p.const_data_ptr<float>();
  source.a_norm = norm_of(before.a_norm);
  source.p_norm = norm_of(before.p_norm);
  return source;
}

at::Tensor run_forward(StackState& state, int64_t samples, bool keep) {
  const int64_t steps = state.input.size(0) / samples, channels = state.tensors[0].pre_weight.size(0);
  at::Tensor skips = at::empty({samples * steps, channels}, at::kFloat);
  state.layers.resize(state.tensors.size());
  for (size_t i = 0; i < state.layers.size(); ++i) {
    const int64_t dilation = state.tensors[i].dilation, left = dilation / 2;
    state.layers[i].sizes = {samples, steps, channels, state.tensors[i].gated_weight.size(0) / 2, left, dilation - left};
    const Plan plan(state.layers[i].sizes);
    forward_pre(state, i, plan, skips);
    if (!keep && i > 0) state.layers[i - 1] = {};
    forward_gate(state, i, plan);
  }
  const LayerState& last = state.layers.back();
  const Plan plan(last.sizes);
  plan.run([&](int64_t chunk, int64_t) {
    skip_forward({last.sizes, last.p.const_data_ptr<float>(), norm_of(last.p_norm), skips.mutable_data_ptr<float>(),
                  state.layers.size() == 1},
                 plan.chunks[chunk]);
  });
  return skips;
}

}  // namespace hpcai::kernels::stack
