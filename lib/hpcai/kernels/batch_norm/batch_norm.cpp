#include "hpcai/kernels/batch_norm/batch_norm.h"

#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"
#include "hpcai/kernels/batch_norm/norm_state.h"
#include "hpcai/kernels/gradient_memory.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

NormSums gradient_sums(const NormState& state, const at::Tensor& dy, const at::Tensor& input) {
  const NormBlocks blocks(input);
  const int64_t channels = blocks.shape.channels;
  std::vector<double> pieces(blocks.count * 2 * channels);
  with_storage(input, [&]<class T>(T) {
    for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t block, int64_t first, int64_t rows) {
      double* const row = pieces.data() + block * 2 * channels;
      passes.gradient_sums(dy.const_data_ptr<T>() + first, input.const_data_ptr<T>() + first, rows, blocks.shape,
                           state.scale_shift(), state.mean.data(), state.options.relu, row, row + channels);
    });
  });
  return add_up(state, pieces);
}

// Sums of dy where the output is above 0, which is what passes through the ReLU, and is written to `masked`.
NormSums masked_gradient_sums(const NormState& state, const at::Tensor& dy, const at::Tensor& output, const at::Tensor& input,
                              at::Tensor& masked) {
  const NormBlocks blocks(input);
  const int64_t channels = blocks.shape.channels;
  std::vector<double> pieces(blocks.count * 2 * channels);
  with_storage(input, [&]<class T>(T) {
    for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t block, int64_t first, int64_t rows) {
      double* const row = pieces.data() + block * 2 * channels;
      passes.masked_gradient_sums(dy.const_data_ptr<T>() + first, output.const_data_ptr<T>() + first,
                                  input.const_data_ptr<T>() + first, rows, blocks.shape, state.mean.data(),
                                  masked.mutable_data_ptr<T>() + first, row, row + channels);
    });
  });
  return add_up(state, pieces);
}

struct BatchNorm : OnceDifferentiable<BatchNorm> {
  static constexpr const char* kName = "batch_norm";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& gamma,
                            const at::Tensor& /*beta*/, const NormTensors* tensors, const BatchNormOptions* options) {
    const auto state = norm_of(input, *tensors, *options);
    const NormBlocks blocks(input);
    at::Tensor out = at::empty_like(input);
    with_storage(input, [&]<class T>(T) {
      for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t, int64_t first, int64_t rows) {
        passes.normalise(input.const_data_ptr<T>() + first, rows, blocks.shape, state->scale_shift(), options->relu,
                         out.mutable_data_ptr<T>() + first);
      });
    });
    context->save_for_backward({input, gamma});
    keep_norm(context, state);
    return out;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &gamma = saved[1];
    const auto state = kept_norm(context);
    const at::Tensor dy = take_gradient(grads[0], input.suggest_memory_format());
    const NormSums sums = gradient_sums(*state, dy, input);
    at::Tensor d_input;
    if (context->needs_input_grad(0)) {
      d_input = memory_of(dy);
      norm_input_gradient(*state, norm_gradient(*state, sums, NormBlocks(input).shape), dy, input, /*behind_relu=*/false,
                          d_input);
    }
    return {d_input, gamma_gradient(sums, gamma), beta_gradient(sums, gamma), {}, {}};
  }
};

// The output tells where the ReLU cut off. It is kept anyway where a convolution follows, which needs it for its weight.
struct BatchNormAdd : OnceDifferentiable<BatchNormAdd> {
  static constexpr const char* kName = "batch_norm_add";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& addend, const at::Tensor& gamma,
                            const at::Tensor& /*beta*/, const NormTensors* tensors, const BatchNormOptions* options) {
    const auto state = norm_of(input, *tensors, *options);
    const NormBlocks blocks(input);
    at::Tensor out = at::empty_like(input);
    with_storage(input, [&]<class T>(T) {
      for_blocks(blocks, [&, passes = norm::passes<T>()](int64_t, int64_t first, int64_t rows) {
        passes.normalise_and_add(input.const_data_ptr<T>() + first, addend.const_data_ptr<T>() + first, rows, blocks.shape,
                                 state->scale_shift(), options->relu, out.mutable_data_ptr<T>() + first);
      });
    });
    context->save_for_backward({input, gamma, options->relu ? out : at::Tensor()});
    keep_norm(context, state);
    return out;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &gamma = saved[1], &output = saved[2];
    const auto state = kept_norm(context);
    at::Tensor dy = take_gradient(grads[0], input.suggest_memory_format());
    NormSums sums;
    if (output.defined()) {
      at::Tensor masked = memory_of(dy);
      sums = masked_gradient_sums(*state, dy, output, input, masked);
      dy = masked;
    } else {
      sums = gradient_sums(*state, dy, input);
    }
    at::Tensor d_input;
    if (context->needs_input_grad(0)) {
      d_input = at::empty_like(input);
      norm_input_gradient(*state, norm_gradient(*state, sums, NormBlocks(input).shape), dy, input, /*behind_relu=*/true, d_input);
    }
    return {d_input, dy, gamma_gradient(sums, gamma), beta_gradient(sums, gamma), {}, {}};
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
  const at::ScalarType type = tensors.gamma.scalar_type();
  return is_stored(input) && tensors.gamma.is_cpu() && (type == at::kFloat || type == at::kDouble);
}

at::Tensor batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  TORCH_CHECK(batch_norm_supports(input, tensors), "batch_norm: unsupported shape, type or layout");
  TORCH_CHECK(!options.offset.defined() || (input.is_cuda() && options.norm == NormSource::batch),
              "batch_norm: an offset is for GPUs and statistics of the batch only");
  if (input.is_cuda()) return cuda_batch_norm(input, tensors, options);
  return BatchNorm::apply(input, tensors.gamma, tensors.beta, &tensors, &options);
}

bool batch_norm_add_supports(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors) {
  return input.is_cpu() && batch_norm_supports(input, tensors) && addend.is_cpu() &&
         addend.scalar_type() == input.scalar_type() && addend.sizes() == input.sizes() &&
         addend.is_contiguous(input.suggest_memory_format());
}

at::Tensor batch_norm_add(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors,
                          const BatchNormOptions& options) {
  TORCH_CHECK(batch_norm_add_supports(input, addend, tensors), "batch_norm_add: unsupported shape, type or layout");
  return BatchNormAdd::apply(input, addend, tensors.gamma, tensors.beta, &tensors, &options);
}

}  // namespace hpcai::kernels
