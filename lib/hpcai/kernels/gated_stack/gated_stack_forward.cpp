#include "hpcai/kernels/gated_stack/gated_stack_state.h"

namespace hpcai::kernels::stack {
namespace {

// The type of what the layers keep.
at::ScalarType storage_of(const GatedStackOptions& options) { return options.stores_bfloat16 ? at::kBFloat16 : at::kFloat; }

// The moments of one task, in a row of 1 + 2 channels: count, means, squared deviations.
ChannelMoments moments_in(const at::Tensor& partial, int64_t task, int64_t channels) {
  double* const row = task_row<double>(partial, task);
  return {.count = row, .mean = row + 1, .squared_deviations = row + 1 + channels};
}

// x of the given steps of every sample, as the gated convolution reads it, float64 [samples * steps, C].
at::Tensor edge(const LayerState& layer, int64_t begin, int64_t end) {
  const Sizes& sizes = layer.sizes;
  const at::Tensor steps = layer.a.view({sizes.samples, sizes.steps, sizes.channels}).slice(1, begin, end);
  const at::Tensor x = (steps * layer.a_norm[0] + layer.a_norm[1]).relu();
  return (sizes.in_tiles ? x.to(at::kBFloat16) : x).to(at::kDouble).flatten(0, 1);
}

// Mean and covariance of u(t) = [x(t - left), x(t + right)], zeros outside the sample included.
InputMoments tap_moments(const LayerState& layer, const RowPartition& partition, const Sum& sum) {
  const Sizes& sizes = layer.sizes;
  const int64_t channels = sizes.channels, square = channels * channels;
  const at::Tensor partial = partition.partial_sums(channels + 2 * square);
  partition.run([&](int64_t chunk, int64_t task) {
    double* const row = task_row<double>(partial, task);
    tap_sums({.sizes = sizes,
              .a = stored(layer.a),
              .a_norm = norm_of(layer.a_norm),
              .sum = row,
              .square = row + channels,
              .lagged = row + channels + square},
             partition.chunks[chunk]);
  });
  const at::Tensor all = total(partial);
  const at::Tensor sum_of_x = all.narrow(0, 0, channels), squares = all.narrow(0, channels, square).view({channels, channels});
  const at::Tensor lagged = all.narrow(0, channels + square, square).view({channels, channels});
  // The first tap never sees a sample's last steps, the second never its first.
  const at::Tensor last = edge(layer, std::max<int64_t>(0, sizes.steps - sizes.left), sizes.steps);
  const at::Tensor first = edge(layer, 0, std::min(sizes.right, sizes.steps));
  const at::Tensor sums = at::cat({sum_of_x - last.sum(0), sum_of_x - first.sum(0)});
  const at::Tensor products =
      at::cat({at::cat({squares - last.t().mm(last), lagged}, 1), at::cat({lagged.t(), squares - first.t().mm(first)}, 1)});
  return input_moments(sizes.rows(), sums, products, sum);
}

// Runs pre on the layer's source, and with norms adds the skips of the layer before.
void forward_pre(StackState& state, size_t index, const RowPartition& partition, const at::Tensor& skips) {
  LayerState& layer = state.layers[index];
  const GatedLayerTensors& tensors = state.tensors[index];
  const GatedStackOptions& options = state.options;
  const bool batch = options.norm == NormSource::batch, adds_skips = index > 0 && options.norm != NormSource::none;
  const int64_t channels = layer.sizes.channels;
  const at::Tensor partial = batch ? partition.partial_sums(1 + 2 * channels) : at::Tensor();
  run_pre(state, index, partition, partial, adds_skips ? skips : at::Tensor());
  const Statistics statistics = batch ? combine(partial, options.sum) : Statistics{};
  layer.a_norm = packed(affine_norm(options.norm, tensors.pre_norm, statistics, channels, options.eps, options.momentum));
  layer.a_count = statistics.count;
}

// Folds the gated norm into its weights and runs the gated convolution and post; without norms adds the layer's skips.
void forward_gate(StackState& state, size_t index, const RowPartition& partition, const at::Tensor& skips) {
  LayerState& layer = state.layers[index];
  const GatedLayerTensors& tensors = state.tensors[index];
  const GatedStackOptions& options = state.options;
  const bool batch = options.norm == NormSource::batch, normalised = options.norm != NormSource::none;
  const int64_t channels = layer.sizes.channels;
  if (batch) layer.moments = tap_moments(layer, partition, options.sum);
  const at::Tensor weight = tensors.gated_weight.permute({0, 2, 1}).flatten(1);
  layer.folded = fold(options.norm, tensors.gated_norm, weight, tensors.gated_bias, layer.moments, options.eps, options.momentum);
  const at::Tensor& folded = layer.folded.weight;
  layer.gated_rows = as_float(at::cat({folded, folded.narrow(1, 0, channels) + folded.narrow(1, channels, channels)}, 1));
  layer.gated_columns = as_float(layer.gated_rows.t());
  layer.gated_bias = as_float(layer.folded.bias);
  layer.post_rows = as_float(tensors.post_weight.squeeze(2));
  layer.post_columns = as_float(layer.post_rows.t());
  const at::Tensor post_bias = as_float(tensors.post_bias), partial = partition.partial_sums(1 + 2 * channels);
  at::Tensor& result = normalised ? layer.p : layer.marked_sums;
  result = at::empty({layer.sizes.rows(), channels}, storage_of(options));
  partition.run([&](int64_t chunk, int64_t task) {
    const ChannelMoments moments = moments_in(partial, task, channels);
    gate_forward({.sizes = layer.sizes,
                  .a = stored(layer.a),
                  .a_norm = norm_of(layer.a_norm),
                  .gated_weight = data(layer.gated_columns),
                  .gated_bias = data(layer.gated_bias),
                  .post_weight = data(layer.post_columns),
                  .post_bias = data(post_bias),
                  .p = mutable_stored(layer.p),
                  .moments = batch ? &moments : nullptr,
                  .marked_sums = mutable_stored(layer.marked_sums),
                  .skips = mutable_data(skips),
                  .first_skip = index == 0},
                 partition.chunks[chunk]);
  });
  const Statistics statistics = batch ? combine(partial, options.sum) : Statistics{};
  layer.p_norm = packed(affine_norm(options.norm, tensors.post_norm, statistics, channels, options.eps, options.momentum));
  layer.p_count = statistics.count;
}

// The sizes of all layers. The last one's outputs matter from the first wanted step on, an earlier one's from where the layer
// behind it looks. Batch statistics depend on all steps.
void set_sizes(StackState& state) {
  const int64_t steps = state.input.size(1);
  state.layers.resize(state.tensors.size());
  int64_t first = state.options.norm == NormSource::batch ? 0 : skipped_steps(state);
  for (size_t i = state.layers.size(); i-- > 0;) {
    const GatedLayerTensors& tensors = state.tensors[i];
    const int64_t left = tensors.dilation / 2;
    state.layers[i].sizes = {.samples = state.input.size(0),
                             .steps = steps,
                             .channels = tensors.pre_weight.size(0),
                             .gates = tensors.gated_weight.size(0) / 2,
                             .left = left,
                             .right = tensors.dilation - left,
                             .first_in = std::max<int64_t>(0, first - left),
                             .first_out = first,
                             .in_tiles = state.options.in_tiles};
    first = state.layers[i].sizes.first_in;
  }
}

// Adds the z of the last layer to `skips`.
void add_last_skips(const StackState& state, const at::Tensor& skips) {
  const LayerState& last = state.layers.back();
  const RowPartition partition(last.sizes);
  partition.run([&](int64_t chunk, int64_t) {
    skip_forward({.sizes = last.sizes,
                  .p = stored(last.p),
                  .p_norm = norm_of(last.p_norm),
                  .skips = mutable_data(skips),
                  .first_skip = state.layers.size() == 1},
                 partition.chunks[chunk]);
  });
}

}  // namespace

void run_pre(StackState& state, size_t index, const RowPartition& partition, const at::Tensor& partial, const at::Tensor& skips) {
  LayerState& layer = state.layers[index];
  const GatedLayerTensors& tensors = state.tensors[index];
  const int64_t channels = layer.sizes.channels;
  const at::Tensor weight = as_float(tensors.pre_weight.squeeze(2).t()), bias = as_float(tensors.pre_bias);
  at::Tensor& room = state.options.norm == NormSource::none ? state.shared_a : layer.a;
  if (!room.defined()) room = at::empty({layer.sizes.rows(), channels}, storage_of(state.options));
  layer.a = room;
  partition.run([&](int64_t chunk, int64_t task) {
    const ChannelMoments moments = partial.defined() ? moments_in(partial, task, channels) : ChannelMoments{};
    pre_forward({.sizes = layer.sizes,
                 .source = source_of(state, index),
                 .weight = data(weight),
                 .bias = data(bias),
                 .a = mutable_stored(layer.a),
                 .skips = mutable_data(skips),
                 .first_skip = index == 1,
                 .moments = partial.defined() ? &moments : nullptr},
                partition.chunks[chunk]);
  });
}

int64_t skipped_steps(const StackState& state) {
  const int64_t last = state.options.last_steps;
  return last == 0 ? 0 : state.input.size(1) - last;
}

Source source_of(const StackState& state, size_t layer) {
  Source source;
  if (layer == 0) {
    source.input = data(state.input);
    source.width = state.input.size(2);
    return source;
  }
  const LayerState& before = state.layers[layer - 1];
  source.width = before.sizes.channels;
  source.marked_sums = stored(before.marked_sums);
  source.a = stored(before.a);
  source.p = stored(before.p);
  source.a_norm = norm_of(before.a_norm);
  source.p_norm = norm_of(before.p_norm);
  return source;
}

at::Tensor run_forward(StackState& state, bool keep) {
  set_sizes(state);
  const int64_t channels = state.tensors[0].pre_weight.size(0);
  const at::Tensor skips = at::empty({state.input.size(0), state.input.size(1), channels}, at::kFloat);
  for (size_t i = 0; i < state.layers.size(); ++i) {
    const RowPartition partition(state.layers[i].sizes);
    forward_pre(state, i, partition, skips);
    if (!keep && i > 0) state.layers[i - 1] = {};
    forward_gate(state, i, partition, skips);
  }
  if (state.options.norm != NormSource::none) add_last_skips(state, skips);
  const int64_t skipped = skipped_steps(state);
  return skipped == 0 ? skips : skips.slice(1, skipped).contiguous();
}

}  // namespace hpcai::kernels::stack
