#include "hpcai/kernels/batch_norm/norm_state.h"

#include <algorithm>

#include "hpcai/kernels/storage.h"

namespace hpcai::kernels {
namespace {

using norm::Shape;

// A value [channels] for each of the shape's repeated rows, float32 [width].
std::vector<float> repeated(const double* values, const Shape& shape) {
  std::vector<float> wide(shape.width);
  for (int64_t i = 0; i < shape.width; ++i) wide[i] = static_cast<float>(values[i % shape.channels]);
  return wide;
}
std::vector<float> repeated(const at::Tensor& values, const Shape& shape) {
  return repeated(values.const_data_ptr<double>(), shape);
}

// What `combine` takes: count, means and squared deviations of each block, [blocks, 1 + 2 channels].
at::Tensor moments_of(const at::Tensor& input, const NormBlocks& blocks) {
  const int64_t channels = blocks.shape.channels;
  const at::Tensor pieces = at::empty({blocks.count, 1 + 2 * channels}, at::kDouble);
  with_storage(input, [&]<class T>(T) {
    for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t block, int64_t first, int64_t rows) {
      double* const row = pieces.mutable_data_ptr<double>() + block * pieces.size(1);
      row[0] = static_cast<double>(rows);
      passes.moments(input.const_data_ptr<T>() + first, rows, blocks.shape, row + 1, row + 1 + channels);
    });
  });
  return pieces;
}

// Float64 values as a tensor of a parameter's shape and type.
at::Tensor as_parameter(const double* values, const at::Tensor& like) {
  return at::from_blob(const_cast<double*>(values), like.sizes(), at::kDouble).to(like.scalar_type(), false, /*copy=*/true);
}

}  // namespace

NormBlocks::NormBlocks(const at::Tensor& input) : shape(input.size(1)), rows(input.numel() / shape.channels) {
  constexpr int64_t kValues = 16384;
  block_rows = std::max<int64_t>(1, kValues / shape.width) * shape.repeat;
  count = (rows + block_rows - 1) / block_rows;
}

c10::intrusive_ptr<NormState> norm_of(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  const NormBlocks blocks(input);
  auto state = c10::make_intrusive<NormState>();
  state->options = options;
  Statistics statistics;
  if (options.norm == NormSource::batch) {
    statistics = combine(moments_of(input, blocks), options.sum);
    state->count = *statistics.count.const_data_ptr<double>();
    if (state->count < 2) refuse_lone_values();
  }
  state->norm = affine_norm(options.norm, tensors, statistics, blocks.shape.channels, options.eps, options.momentum);
  state->scale = repeated(state->norm.scale, blocks.shape);
  state->shift = repeated(state->norm.shift, blocks.shape);
  state->mean = repeated(state->norm.mean, blocks.shape);
  return state;
}

void keep_norm(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<NormState>& state) {
  context->saved_data["norm"] = c10::IValue::make_capsule(state);
}

c10::intrusive_ptr<NormState> kept_norm(torch::autograd::AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<NormState>(context->saved_data["norm"].toCapsule());
}

NormSums add_up(const NormState& state, const std::vector<double>& pieces) {
  const int64_t channels = state.norm.inverse.numel();
  NormSums total(2 * channels);
  for (size_t first = 0; first < pieces.size(); first += total.size()) {
    for (size_t i = 0; i < total.size(); ++i) total[i] += pieces[first + i];
  }
  const double* const inverse = state.norm.inverse.const_data_ptr<double>();
  for (int64_t c = 0; c < channels; ++c) total[channels + c] *= inverse[c];
  return total;
}

// dv = scale (dy - mean_grad - (v - mean) inverse mean_product), where the two means are those of `sums` over all ranks.
NormGradient norm_gradient(const NormState& state, NormSums sums, const Shape& shape) {
  const int64_t channels = shape.channels;
  std::vector<double> slope(channels), offset(channels);
  if (state.options.norm == NormSource::batch) {
    at::Tensor sums_of_all = at::from_blob(sums.data(), {2 * channels}, at::kDouble);
    if (state.options.sum) state.options.sum(sums_of_all);
    const double* const scale = state.norm.scale.const_data_ptr<double>();
    const double* const inverse = state.norm.inverse.const_data_ptr<double>();
    const double* const mean = state.norm.mean.const_data_ptr<double>();
    for (int64_t c = 0; c < channels; ++c) {
      slope[c] = -scale[c] * inverse[c] * sums[channels + c] / state.count;
      offset[c] = -scale[c] * sums[c] / state.count - slope[c] * mean[c];
    }
  }
  return {.slope = repeated(slope.data(), shape), .offset = repeated(offset.data(), shape)};
}

void norm_input_gradient(const NormState& state, const NormGradient& gradient, const at::Tensor& dy, const at::Tensor& input,
                         bool behind_relu, at::Tensor& out) {
  const NormBlocks blocks(input);
  with_storage(input, [&]<class T>(T) {
    for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t, int64_t first, int64_t rows) {
      passes.input_gradient(dy.const_data_ptr<T>() + first, input.const_data_ptr<T>() + first, rows, blocks.shape,
                            state.scale_shift(), gradient.pointers(), state.options.relu && !behind_relu,
                            out.mutable_data_ptr<T>() + first);
    });
  });
}

at::Tensor gamma_gradient(const NormSums& sums, const at::Tensor& gamma) {
  return as_parameter(sums.data() + gamma.numel(), gamma);
}
at::Tensor beta_gradient(const NormSums& sums, const at::Tensor& gamma) { return as_parameter(sums.data(), gamma); }

}  // namespace hpcai::kernels
