#include "hpcai/kernels/gated_stack/gated_stack_state.h"

namespace hpcai::kernels::stack {
namespace {

// The gradient sums of one task, in a row of 2 channels.
GradientSums sums_in(const at::Tensor& partial, int64_t task, int64_t channels) {
  double* const row = task_row<double>(partial, task);
  return {.grad = row, .product = row + channels};
}

// Gradients of gamma and beta, float64 [C]; `means`: the rows of NormGradient, float32 [2, C].
struct NormResult {
  at::Tensor gamma, beta, means;
};

NormResult norm_result(const at::Tensor& partial, const at::Tensor& count, const GatedStackOptions& options) {
  const at::Tensor local = total(partial).view({2, -1});
  NormResult result;
  result.beta = local[0];
  result.gamma = local[1];
  if (options.norm == NormSource::batch) {
    at::Tensor sums = local.clone();
    if (options.sum) options.sum(sums);
    result.means = (sums / count).to(at::kFloat);
  } else {
    result.means = at::zeros(local.sizes(), at::kFloat);
  }
  return result;
}

NormGradient norm_gradient_of(const NormResult& result) {
  const float* const rows = result.means.const_data_ptr<float>();
  return {.mean_grad = rows, .mean_product = rows + result.means.size(1)};
}

// The weights and offsets of InputGradient, float32, from FoldedGradient's; undefined where that has none.
struct StatisticsParts {
  at::Tensor weights, offsets;  // [7 C, C]: 3 C rows for both taps, 2 C for the first, 2 C for the second; [3, C]

  StatisticsParts(const FoldedGradient& folded, int64_t c) {
    if (!folded.statistics.defined()) return;
    const at::Tensor blocks = folded.statistics.reshape({2, c, 2, c}), offset = folded.offset.view({2, c});
    const auto block = [&](int64_t from, int64_t to) { return blocks.select(0, from).select(1, to); };  // taps
    weights = as_float(at::cat({block(0, 1), block(0, 0) + block(1, 1), block(1, 0),                    //
                                block(0, 0), block(1, 0), block(0, 1), block(1, 1)}));
    offsets = as_float(at::stack({offset[0] + offset[1], offset[0], offset[1]}));
  }

  // `block`: the number of the first block of C rows.
  StatisticsGradient part(int64_t block, int64_t offset) const {
    if (!weights.defined()) return {};
    const int64_t c = weights.size(1);
    return {.weight = data(weights) + block * c * c, .offset = data(offsets) + offset * c};
  }
};

// What the passes of the layer behind leave for a layer; nothing for the last one.
struct Upstream {
  at::Tensor next;  // d loss / d (x + z), [rows, C]; the layer overwrites it with dx, and dx with the next of the layer before
  at::Tensor sums;  // rows of GradientSums for the norm behind post, unless there is none
};

SkipGradient skip_gradient_of(const LayerState& layer, const at::Tensor& skips, const at::Tensor& next,
                              const GradientSums& sums) {
  return {.sizes = layer.sizes,
          .p = stored(layer.p),
          .p_norm = norm_of(layer.p_norm),
          .marked_sums = stored(layer.marked_sums),
          .skips = data(skips),
          .next = data(next),
          .sums = sums};
}

// Runs one layer's passes, last part first.
class LayerBackward {
 public:
  LayerBackward(StackState& state, size_t index, const at::Tensor& skips, const Upstream& upstream)
      : state_(state),
        index_(index),
        layer_(state.layers[index]),
        partition_(layer_.sizes),
        skips_(skips),
        next_(upstream.next),
        sums_(upstream.sums),
        dx_(next_.defined() ? next_ : at::empty({layer_.sizes.rows(), channels()}, at::kFloat)) {}

  // Returns what the layer before needs.
  Upstream run(LayerGradient& gradient) {
    if (!normalised()) run_pre(state_, index_, partition_, {}, {});
    post_norm(gradient);
    gate(gradient);
    input(gradient);
    return pre(gradient);
  }

 private:
  int64_t channels() const { return layer_.sizes.channels; }

  // A constant in front of a batch norm cancels: its gradient is 0, not the rounding errors that would add up to it.
  at::Tensor bias_gradient(const at::Tensor& sum) const {
    return state_.options.norm == NormSource::batch ? at::zeros_like(sum) : sum;
  }

  bool normalised() const { return state_.options.norm != NormSource::none; }

  // The sums over rows for the norm behind post: gradients of its gamma and beta, and the means that its input's gradient needs.
  void post_norm(LayerGradient& gradient) {
    if (!normalised()) {
      post_.means = at::zeros({2, channels()}, at::kFloat);
      return;
    }
    if (!sums_.defined()) {
      sums_ = partition_.partial_sums(2 * channels());
      partition_.run([&](int64_t chunk, int64_t task) {
        skip_gradient(skip_gradient_of(layer_, skips_, next_, sums_in(sums_, task, channels())), partition_.chunks[chunk]);
      });
    }
    post_ = norm_result(sums_, layer_.p_count, state_.options);
    gradient.post_gamma = post_.gamma;
    gradient.post_beta = post_.beta;
  }

  // Back through post and the gated convolution: gradients of their parameters, and dx without the part of other chunks.
  void gate(LayerGradient& gradient) {
    const int64_t c = channels(), gates = layer_.sizes.gates, lag = layer_.sizes.lag();
    halo_ = at::empty({static_cast<int64_t>(partition_.chunks.size()), lag, c}, at::kFloat);
    const at::Tensor gated_weight = partition_.partial_sums(4 * c * gates, at::kFloat),
                     gated_bias = partition_.partial_sums(2 * gates, at::kFloat);
    const at::Tensor post_weight = partition_.partial_sums(c * gates, at::kFloat),
                     post_bias = partition_.partial_sums(c, at::kFloat);
    const GateForward forward{.sizes = layer_.sizes,
                              .a = stored(layer_.a),
                              .a_norm = norm_of(layer_.a_norm),
                              .gated_weight = data(layer_.gated_columns),
                              .gated_bias = data(layer_.gated_bias),
                              .post_weight = data(layer_.post_columns)};
    partition_.run([&](int64_t chunk, int64_t task) {
      gate_gradient({.forward = forward,
                     .skip = skip_gradient_of(layer_, skips_, next_, {}),
                     .p_gradient = norm_gradient_of(post_),
                     .gated_weight_rows = data(layer_.gated_rows),
                     .post_weight_rows = data(layer_.post_rows),
                     .dx = mutable_data(dx_),
                     .halo = mutable_data(halo_) + chunk * lag * c,
                     .d_gated_weight = task_row<float>(gated_weight, task),
                     .d_gated_bias = task_row<float>(gated_bias, task),
                     .d_post_weight = task_row<float>(post_weight, task),
                     .d_post_bias = task_row<float>(post_bias, task)},
                    partition_.chunks[chunk]);
    });
    layer_.p.reset();
    layer_.marked_sums.reset();
    gradient.post_weight = total(post_weight).view({c, gates, 1});
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

  // Completes dx and masks it by the ReLU behind the norm of pre; the gradients of that norm's gamma and beta.
  void input(LayerGradient& gradient) {
    const int64_t c = channels(), halo_size = layer_.sizes.lag() * c;
    const StatisticsParts statistics(folded_, c);
    const at::Tensor partial = partition_.partial_sums(2 * c);
    partition_.run([&](int64_t chunk, int64_t task) {
      const bool first = chunk % partition_.chunks_per_sample == 0, last = (chunk + 1) % partition_.chunks_per_sample == 0;
      const float* const halos = data(halo_);
      input_gradient({.sizes = layer_.sizes,
                      .a = stored(layer_.a),
                      .a_norm = norm_of(layer_.a_norm),
                      .both_taps = statistics.part(0, 0),
                      .first_tap = statistics.part(3, 1),
                      .second_tap = statistics.part(5, 2),
                      .halo_of_next = last ? nullptr : halos + (chunk + 1) * halo_size,
                      .halo_of_previous = first ? nullptr : halos + (chunk - 1) * halo_size,
                      .dx = mutable_data(dx_),
                      .sums = normalised() ? sums_in(partial, task, c) : GradientSums{}},
                     partition_.chunks[chunk]);
    });
    pre_ = norm_result(partial, layer_.a_count, state_.options);
    gradient.pre_gamma = pre_.gamma;
    gradient.pre_beta = pre_.beta;
  }

  // Back through pre: gradients of its parameters, and what the layer before needs.
  Upstream pre(LayerGradient& gradient) {
    const at::Tensor rows = as_float(state_.tensors[index_].pre_weight.squeeze(2));
    const int64_t c = channels(), width = rows.size(1);
    const at::Tensor weight = partition_.partial_sums(width * c, at::kFloat), bias = partition_.partial_sums(c, at::kFloat);
    Upstream before;
    if (index_ > 0) {
      before.next = dx_;
      if (normalised()) before.sums = partition_.partial_sums(2 * width);
    }
    const auto skip_of_before = [&](int64_t task) {
      if (!before.sums.defined()) return SkipGradient{};
      return skip_gradient_of(state_.layers[index_ - 1], skips_, before.next, sums_in(before.sums, task, width));
    };
    partition_.run([&](int64_t chunk, int64_t task) {
      pre_gradient({.sizes = layer_.sizes,
                    .source = source_of(state_, index_),
                    .a = stored(layer_.a),
                    .a_norm = norm_of(layer_.a_norm),
                    .a_gradient = norm_gradient_of(pre_),
                    .weight_rows = data(rows),
                    .dx = data(dx_),
                    .d_source = mutable_data(before.next),
                    .d_weight = task_row<float>(weight, task),
                    .d_bias = task_row<float>(bias, task),
                    .before = skip_of_before(task)},
                   partition_.chunks[chunk]);
    });
    gradient.pre_weight = total(weight).view({width, c}).t().unsqueeze(2);
    gradient.pre_bias = bias_gradient(total(bias));
    return before;
  }

  StackState& state_;
  size_t index_;
  LayerState& layer_;
  RowPartition partition_;
  at::Tensor skips_, next_, sums_;
  at::Tensor dx_, halo_;
  NormResult post_, pre_;
  FoldedGradient folded_;
};

}  // namespace

std::vector<LayerGradient> run_backward(StackState& state, const at::Tensor& grad) {
  std::vector<LayerGradient> gradients(state.layers.size());
  // zeros for the steps that nobody wanted
  const int64_t skipped = skipped_steps(state);
  const at::Tensor skips = skipped == 0 ? as_float(grad) : at::constant_pad_nd(as_float(grad), {0, 0, skipped, 0});
  Upstream upstream;
  for (size_t i = state.layers.size(); i-- > 0;) {
    upstream = LayerBackward(state, i, skips, upstream).run(gradients[i]);
    state.layers.pop_back();
  }
  return gradients;
}

}  // namespace hpcai::kernels::stack
