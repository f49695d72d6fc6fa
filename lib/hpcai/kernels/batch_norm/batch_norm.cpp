#include "hpcai/kernels/batch_norm/batch_norm.h"

#include <torch/autograd.h>

#include <algorithm>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/batch_norm/cpu/batch_norm_block.h"
#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"

namespace hpcai::kernels {
namespace {

using norm::Shape;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The rows of an input, cut into blocks that stay in the first two cache levels between two passes. The cut depends on the sizes
// only, so sums over blocks do not depend on the number of threads.
struct Blocks {
  static constexpr int64_t kValues = 16384;

  Shape shape;
  int64_t rows, block_rows, count;

  explicit Blocks(const at::Tensor& input) : shape(input.size(1)), rows(input.numel() / shape.channels) {
    block_rows = std::max<int64_t>(1, kValues / shape.width) * shape.repeat;
    count = (rows + block_rows - 1) / block_rows;
  }

  // Calls work(block number, index of its first value, number of its rows) for each block.
  template <class Work>
  void run(const Work& work) const {
    for_pieces(count, [&](int64_t i) { work(i, i * block_rows * shape.channels, std::min(block_rows, rows - i * block_rows)); });
  }
};

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
at::Tensor moments_of(const at::Tensor& input, const Blocks& blocks) {
  const int64_t channels = blocks.shape.channels;
  const at::Tensor pieces = at::empty({blocks.count, 1 + 2 * channels}, at::kDouble);
  blocks.run([&](int64_t block, int64_t first, int64_t rows) {
    double* const row = pieces.mutable_data_ptr<double>() + block * pieces.size(1);
    row[0] = static_cast<double>(rows);
    norm::moments(input.const_data_ptr<float>() + first, rows, blocks.shape, row + 1, row + 1 + channels);
  });
  return pieces;
}

// What a forward pass leaves for its backward pass.
struct BatchNormState : torch::CustomClassHolder {
  BatchNormOptions options;
  AffineNorm norm;
  std::vector<float> scale, shift;  // float32 [width]
  double count = 0;                 // values a channel on all ranks, for NormSource::batch

  norm::ScaleShift scale_shift() const { return {.scale = scale.data(), .shift = shift.data()}; }
};

// Sums over this rank's rows: dy, then dy (v - mean) inverse, which are the gradients of beta and gamma. [2 channels]
std::vector<double> gradient_sums(const BatchNormState& state, const at::Tensor& dy, const at::Tensor& input,
                                  const Blocks& blocks) {
  const int64_t channels = blocks.shape.channels;
  const std::vector<float> mean = repeated(state.norm.mean, blocks.shape);
  std::vector<double> pieces(blocks.count * 2 * channels), total(2 * channels);
  blocks.run([&](int64_t block, int64_t first, int64_t rows) {
    double* const row = pieces.data() + block * 2 * channels;
    norm::gradient_sums(dy.const_data_ptr<float>() + first, input.const_data_ptr<float>() + first, rows, blocks.shape,
                        state.scale_shift(), mean.data(), state.options.relu, row, row + channels);
  });
  for (size_t i = 0; i < pieces.size(); ++i) total[i % total.size()] += pieces[i];
  const double* const inverse = state.norm.inverse.const_data_ptr<double>();
  for (int64_t c = 0; c < channels; ++c) total[channels + c] *= inverse[c];
  return total;
}

// dv = scale (dy - mean_grad - (v - mean) inverse mean_product), where the two means are those of `sums` over all ranks.
at::Tensor input_gradient(const BatchNormState& state, const at::Tensor& dy, const at::Tensor& input, const Blocks& blocks,
                          std::vector<double> sums) {
  const int64_t channels = blocks.shape.channels;
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
  const std::vector<float> wide_slope = repeated(slope.data(), blocks.shape), wide_offset = repeated(offset.data(), blocks.shape);
  at::Tensor out = at::empty_like(input);
  blocks.run([&](int64_t, int64_t first, int64_t rows) {
    norm::input_gradient(dy.const_data_ptr<float>() + first, input.const_data_ptr<float>() + first, rows, blocks.shape,
                         state.scale_shift(), {.slope = wide_slope.data(), .offset = wide_offset.data()}, state.options.relu,
                         out.mutable_data_ptr<float>() + first);
  });
  return out;
}

// Float64 values as a tensor of a parameter's shape and type.
at::Tensor as_parameter(const double* values, const at::Tensor& like) {
  return at::from_blob(const_cast<double*>(values), like.sizes(), at::kDouble).to(like.scalar_type(), false, /*copy=*/true);
}

struct BatchNorm : torch::autograd::Function<BatchNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& gamma,
                            const at::Tensor& /*beta*/, const NormTensors* tensors, const BatchNormOptions* options) {
    const Blocks blocks(input);
    const auto state = c10::make_intrusive<BatchNormState>();
    state->options = *options;
    Statistics statistics;
    if (options->norm == NormSource::batch) {
      statistics = combine(moments_of(input, blocks), options->sum);
      state->count = *statistics.count.const_data_ptr<double>();
      if (state->count < 2) refuse_lone_values();
    }
    state->norm = affine_norm(options->norm, *tensors, statistics, blocks.shape.channels, options->eps, options->momentum);
    state->scale = repeated(state->norm.scale, blocks.shape);
    state->shift = repeated(state->norm.shift, blocks.shape);
    at::Tensor out = at::empty_like(input);
    blocks.run([&](int64_t, int64_t first, int64_t rows) {
      norm::normalise(input.const_data_ptr<float>() + first, rows, blocks.shape, state->scale_shift(), options->relu,
                      out.mutable_data_ptr<float>() + first);
    });
    context->save_for_backward({input, gamma});
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &gamma = saved[1];
    const auto state = c10::static_intrusive_pointer_cast<BatchNormState>(context->saved_data["state"].toCapsule());
    const at::Tensor dy = grads[0].to(at::kFloat).contiguous(input.suggest_memory_format());
    const Blocks blocks(input);
    const std::vector<double> sums = gradient_sums(*state, dy, input, blocks);
    at::Tensor d_input;
    if (context->needs_input_grad(0)) d_input = input_gradient(*state, dy, input, blocks, sums);
    return {d_input, as_parameter(sums.data() + gamma.numel(), gamma), as_parameter(sums.data(), gamma), {}, {}};
  }
};

}  // namespace

void refuse_lone_values() {
  throw Error(ExitCode::usage, "a batch norm finds one value in each channel: no variance can be taken from one value",
              "Raise training.global_batch, use larger images, or set model.batch_norm to frozen.");
}

bool batch_norm_supports(const at::Tensor& input, const NormTensors& tensors) {
  const bool side_by_side =
      input.dim() == 2 ? input.is_contiguous() : input.dim() == 4 && input.is_contiguous(at::MemoryFormat::ChannelsLast);
  if (!side_by_side) return false;
  if (input.is_cuda()) return cuda_batch_norm_supports(input, tensors);
  return input.is_cpu() && input.scalar_type() == at::kFloat && tensors.gamma.is_cpu();
}

at::Tensor batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  TORCH_CHECK(batch_norm_supports(input, tensors), "batch_norm: unsupported shape, type or layout");
  TORCH_CHECK(!options.offset.defined() || (input.is_cuda() && options.norm == NormSource::batch),
              "batch_norm: an offset is for GPUs and statistics of the batch only");
  if (input.is_cuda()) return cuda_batch_norm(input, tensors, options);
  return BatchNorm::apply(input, tensors.gamma, tensors.beta, &tensors, &options);
}

}  // namespace hpcai::kernels
