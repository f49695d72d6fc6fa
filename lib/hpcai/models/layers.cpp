#include "hpcai/models/layers.h"

#include <ATen/autocast_mode.h>
#include <torch/types.h>

#include "hpcai/kernels/norm_depthwise/norm_depthwise.h"
#include "hpcai/kernels/patch_convolution/patch_convolution.h"
#include "hpcai/kernels/time_taps/time_taps.h"
#include "hpcai/kernels/winograd/winograd.h"

namespace hpcai::models {
namespace {

// Whether images are float32 on a CPU, and channels-last, and stay so.
bool is_plain(const at::Tensor& input) {
  return input.is_cpu() && input.scalar_type() == at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU) &&
         input.dim() == 4 && input.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool is_pixel_product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, int64_t padding,
                      int64_t groups) {
  return groups == 1 && !bias.defined() && padding == 0 && is_plain(input) && kernels::pixel_product_supports(input, weight);
}

}  // namespace

at::Tensor convolve_images(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                           int64_t padding, int64_t groups) {
  if (is_pixel_product(input, weight, bias, padding, groups)) return kernels::pixel_product(input, weight, stride);
  const bool is_dense = groups == 1 && !bias.defined();
  if (is_dense && is_plain(input)) {
    if (stride == 1 && kernels::winograd_pays(input, weight, padding)) {
      return kernels::winograd(input, weight, padding);
    }
    const bool has_wide_patches = weight.size(2) == 3 && weight.size(1) >= 32;
    if (stride > 1 && has_wide_patches && kernels::patch_convolution_supports(input, weight)) {
      return kernels::patch_convolution(input, weight, stride, padding);
    }
  }
  return at::conv2d(input, weight, bias, stride, padding, 1, groups);
}

at::Tensor pool_behind(BatchNorm& norm, bool relu, const at::Tensor& input, kernels::PoolPadding padding) {
  if (norm.mode() != BatchNormMode::none && is_plain(input) && kernels::norm_pool_supports(input)) {
    return kernels::norm_pool(input, norm.tensors(), norm.kernel_options(relu), padding);
  }
  return kernels::max_pool(relu ? norm.forward_relu(input) : norm.forward(input), padding);
}

Conv2d::Conv2d(int64_t in, int64_t out, int64_t kernel, Options options) : options_(options) {
  weight = register_parameter("weight", torch::zeros({out, in / options.groups, kernel, kernel}));
  if (options.bias) bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor Conv2d::forward(const at::Tensor& input) const {
  return convolve_images(input, weight, bias, options_.stride, options_.padding, options_.groups);
}

kernels::Fork Conv2d::forward_fork(const at::Tensor& input) const {
  if (is_pixel_product(input, weight, bias, options_.padding, options_.groups)) {
    return kernels::pixel_product_fork(input, weight, options_.stride);
  }
  return {.output = forward(input), .input = input};
}

at::Tensor Conv2d::forward_behind(BatchNorm* norm, bool relu, const at::Tensor& input) const {
  const bool has_padding_of_one = options_.stride == 1 && options_.padding == 1 && !bias.defined();
  if (has_padding_of_one && is_plain(input) && kernels::norm_depthwise_supports(input, weight)) {
    return kernels::norm_depthwise(
        input, weight, norm ? norm->tensors() : kernels::NormTensors{},
        norm ? norm->kernel_options(relu) : kernels::BatchNormOptions{.norm = kernels::NormSource::none, .relu = relu});
  }
  if (norm) return forward(relu ? norm->forward_relu(input) : norm->forward(input));
  return forward(relu ? input.relu() : input);
}

TimeConv::TimeConv(int64_t in, int64_t out, Options options) : options_(options) {
  weight = register_parameter("weight", torch::zeros({out, in, options.width}));
  bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor TimeConv::forward(const at::Tensor& input, bool with_bias) const {
  const at::Tensor constant = with_bias ? bias : at::Tensor();
  if (options_.width == 1) return at::linear(input, weight.squeeze(2), constant);
  const at::Tensor both = kernels::time_taps(input, options_.dilation);
  return at::linear(both, weight.permute({0, 2, 1}).flatten(1), constant);
}

Conv1d::Conv1d(int64_t in, int64_t out, int64_t kernel, Options options) : options_(options) {
  weight = register_parameter("weight", torch::zeros({out, in / options.groups, kernel}));
  if (options.bias) bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor Conv1d::forward(const at::Tensor& input) const {
  return at::conv1d(input, weight, bias, options_.stride, options_.padding, 1, options_.groups);
}

Dense::Dense(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
}

at::Tensor Dense::forward(const at::Tensor& input) const { return at::linear(input, weight, bias); }

void Dense::zero() {
  const at::NoGradGuard no_grad;
  weight.zero_();
  if (bias.defined()) bias.zero_();
}

LayerNorm::LayerNorm(int64_t units) {
  weight = register_parameter("weight", torch::ones({units}));
  bias = register_parameter("bias", torch::zeros({units}));
}

at::Tensor LayerNorm::forward(const at::Tensor& input) const { return at::layer_norm(input, weight.sizes(), weight, bias); }

}  // namespace hpcai::models
