#include "hpcai/models/batch_norm.h"

#include <torch/types.h>

#include "hpcai/models/synchronised_batch_norm.h"

namespace hpcai::models {

BatchNorm::BatchNorm(int64_t channels, BatchNormMode mode, double eps, double momentum)
    : mode_(mode), eps_(eps), momentum_(momentum) {
  if (mode == BatchNormMode::none) return;
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
}

void BatchNorm::zero_gamma() {
  const at::NoGradGuard no_grad;
  if (weight.defined()) weight.zero_();
}

bool BatchNorm::uses_batch_statistics() const {
  return is_training() && use_batch_ && (mode_ == BatchNormMode::local || mode_ == BatchNormMode::synchronised);
}

kernels::BatchNormOptions BatchNorm::kernel_options(bool relu) const {
  const auto source = uses_batch_statistics() ? kernels::NormSource::batch : kernels::NormSource::running;
  return {.norm = mode_ == BatchNormMode::none ? kernels::NormSource::none : source,
          .eps = eps_,
          .momentum = weight_of_batch(),
          .sum = sum_,
          .relu = relu};
}

at::Tensor BatchNorm::forward_offset(const at::Tensor& input, const at::Tensor& offset, bool relu) {
  const bool cancels = input.is_cuda() && uses_batch_statistics() && kernels::batch_norm_supports(input, tensors());
  return cancels ? normalise(input, relu, offset) : normalise(input + offset, relu);
}

at::Tensor BatchNorm::forward_add(const at::Tensor& input, const at::Tensor& addend, bool relu) {
  if (mode_ != BatchNormMode::none && kernels::batch_norm_add_supports(input, addend, tensors())) {
    return kernels::batch_norm_add(input, addend, tensors(), kernel_options(relu));
  }
  at::Tensor output = forward(input);
  // Nothing else reads a norm's output; without a norm it is the input.
  const bool in_place = mode_ != BatchNormMode::none && output.scalar_type() == addend.scalar_type();
  output = in_place ? output.add_(addend) : output + addend;
  return relu ? output.relu_() : output;
}

at::Tensor BatchNorm::normalise(const at::Tensor& input, bool relu, const at::Tensor& offset) {
  if (mode_ != BatchNormMode::none && kernels::batch_norm_supports(input, tensors())) {
    kernels::BatchNormOptions options = kernel_options(relu);
    options.offset = offset;
    return kernels::batch_norm(input, tensors(), options);
  }
  const at::Tensor output = normalise_generic(input);
  return relu ? output.relu() : output;
}

at::Tensor BatchNorm::normalise_generic(const at::Tensor& input) {
  if (mode_ == BatchNormMode::none) return input;
  const bool from_batch = uses_batch_statistics();
  if (from_batch && sum_) {
    return synchronised_batch_norm(input, weight, bias, running_mean, running_var, eps_, weight_of_batch(), sum_);
  }
  if (from_batch && input.numel() == input.size(1)) kernels::refuse_lone_values();
  return at::batch_norm(input, weight, bias, running_mean, running_var, from_batch, weight_of_batch(), eps_, /*cudnn=*/true);
}

}  // namespace hpcai::models
