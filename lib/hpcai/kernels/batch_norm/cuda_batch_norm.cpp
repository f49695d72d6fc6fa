#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"

#include "hpcai/kernels/cuda_kernels.h"
#include "hpcai/kernels/once_differentiable.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What a forward pass leaves for its backward pass.
struct CudaNormState : torch::CustomClassHolder {
  NormTensors tensors;
  BatchNormOptions options;
  at::Tensor statistics;  // [2, C]
  at::Tensor count;       // scalar, float64, values a channel on all ranks; undefined without options.sum
};

// [2, C], mean and 1 / sqrt(variance + eps).
at::Tensor statistics_of(const at::Tensor& input, CudaNormState& state) {
  const CudaBatchNorm& passes = cuda_kernels().batch_norm;
  const NormTensors& tensors = state.tensors;
  const BatchNormOptions& options = state.options;
  if (options.norm == NormSource::running) {
    return at::stack({tensors.running_mean, (tensors.running_var + options.eps).rsqrt()});
  }
  if (!options.sum) {
    if (input.numel() == input.size(1)) refuse_lone_values();
    return passes.statistics(input, tensors, options);
  }
  at::Tensor sums = passes.sums(input);
  options.sum(sums);
  state.count = sums[-1];
  return passes.statistics_of_sums(sums, tensors, options);
}

// The coefficients of CudaBatchNorm::input_gradient from GradientSums::input_terms.
at::Tensor coefficients_of(const CudaNormState& state, const at::Tensor& input_terms) {
  if (state.options.norm == NormSource::running) return at::zeros_like(input_terms);
  if (!state.options.sum) return input_terms;
  at::Tensor total = input_terms;
  state.options.sum(total);
  total.div_(state.count);
  total[1].mul_(state.statistics[1].to(at::kDouble).square());
  return total.to(at::kFloat);
}

struct CudaNorm : OnceDifferentiable<CudaNorm> {
  static constexpr const char* kName = "batch_norm";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& /*gamma*/,
                            const at::Tensor& /*beta*/, const at::Tensor& /*offset*/, const NormTensors* tensors,
                            const BatchNormOptions* options) {
    const auto state = c10::make_intrusive<CudaNormState>();
    state->tensors = {.gamma = tensors->gamma.detach(),
                      .beta = tensors->beta.detach(),
                      .running_mean = tensors->running_mean,
                      .running_var = tensors->running_var};
    state->options = *options;
    state->statistics = statistics_of(input, *state);
    context->save_for_backward({input});
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    return cuda_kernels().batch_norm.normalise(input, state->statistics, state->tensors, options->relu);
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const at::Tensor input = context->get_saved_variables()[0];
    const auto state = c10::static_intrusive_pointer_cast<CudaNormState>(context->saved_data["state"].toCapsule());
    const CudaBatchNorm& passes = cuda_kernels().batch_norm;
    const bool relu = state->options.relu, over_ranks = state->options.norm == NormSource::batch && state->options.sum;
    const at::Tensor dy = grads[0].to(input.scalar_type()).contiguous(input.suggest_memory_format());
    const auto sums = passes.gradient_sums(dy, input, state->statistics, state->tensors, relu, over_ranks);
    at::Tensor d_input;
    if (context->needs_input_grad(0)) {
      d_input =
          passes.input_gradient(dy, input, state->statistics, coefficients_of(*state, sums.input_terms), state->tensors, relu);
    }
    const at::Tensor& g = sums.gradients;
    return {d_input, g[0], g[1], state->options.offset.defined() ? g[2] : at::Tensor(), {}, {}};
  }
};

}  // namespace

bool cuda_batch_norm_supports(const at::Tensor& input, const NormTensors& tensors) {
  const auto type = input.scalar_type();
  return cuda_kernels().batch_norm.statistics && (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) &&
         tensors.gamma.is_cuda() && tensors.gamma.scalar_type() == at::kFloat;
}

at::Tensor cuda_batch_norm(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  const at::Tensor offset =
      options.offset.defined() ? options.offset : tensors.beta.detach();  // autograd takes no undefined tensors
  return CudaNorm::apply(input, tensors.gamma, tensors.beta, offset, &tensors, &options);
}

}  // namespace hpcai::kernels
