#include "hpcai/models/layers.h"

#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>
#include <torch/types.h>

#include <array>
#include <optional>
#include <vector>

#include "hpcai/kernels/bfloat16_products.h"
#include "hpcai/kernels/norm_depthwise/norm_depthwise.h"
#include "hpcai/kernels/patch_convolution/patch_convolution.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/tile_convolution/tile_convolution.h"
#include "hpcai/kernels/time_taps/time_taps.h"
#include "hpcai/kernels/widened_convolution/widened_convolution.h"
#include "hpcai/kernels/winograd/winograd.h"

namespace hpcai::models {
namespace {

// The type in which the program's own operators take images that are channels-last on a CPU: float32, and with autocast bfloat16.
// None for images that only LibTorch's operators take.
std::optional<at::ScalarType> stored_type(const at::Tensor& images) {
  if (!kernels::are_stored_images(images)) return {};
  const bool autocast = at::autocast::is_autocast_enabled(at::kCPU);
  const at::ScalarType type = autocast ? at::autocast::get_autocast_dtype(at::kCPU) : images.scalar_type();
  const bool is_known = type == (autocast ? at::kBFloat16 : at::kFloat);
  return is_known ? std::optional(type) : std::nullopt;
}

// Who computes a convolution of images.
enum class Way { library, widened, pixel_product, winograd, patches, tiles };

// For an input in `type`, whatever its type is now.
Way quickest_way(const at::Tensor& input, at::ScalarType type, const at::Tensor& weight, const at::Tensor& bias,
                 const kernels::ConvolutionSizes& sizes) {
  const bool is_dense = sizes.groups == 1 && !bias.defined();
  if (is_dense && sizes.padding == 0 && kernels::pixel_product_supports(input, weight)) return Way::pixel_product;
  const bool is_narrow = type == at::kBFloat16;
  if (is_narrow && is_dense && kernels::tile_convolution_pays(input, weight, sizes.stride, sizes.padding)) return Way::tiles;
  if (is_dense && sizes.stride == 1 && kernels::winograd_pays(input, weight, sizes.padding)) return Way::winograd;
  if (is_narrow && kernels::bfloat16_products() != kernels::Bfloat16Products::slow) return Way::library;
  const bool has_wide_patches = weight.size(2) == 3 && weight.size(1) >= 32;
  if (is_dense && sizes.stride > 1 && has_wide_patches && kernels::patch_convolution_supports(input, weight)) return Way::patches;
  return is_narrow && weight.scalar_type() == at::kFloat ? Way::widened : Way::library;
}

// A convolution of images, and who computes it.
struct Choice {
  std::optional<at::ScalarType> type;  // in which the program's own operators take the input
  Way way = Way::library;

  Choice(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const kernels::ConvolutionSizes& sizes) {
    type = stored_type(input);
    if (type) way = quickest_way(input, *type, weight, bias, sizes);
  }
};

// compute(), a convolution of input and weight, without autocast, so that the weight stays float32. LibTorch's observers see it
// as one operation.
template <class Compute>
at::Tensor observed(const at::Tensor& input, const at::Tensor& weight, const Compute& compute) {
  const std::array<c10::IValue, 2> inputs{input, weight};
  at::RecordFunction record(at::RecordScope::FUNCTION);
  if (record.isActive()) record.before(kConvolutionName, c10::ArrayRef<const c10::IValue>(inputs.data(), inputs.size()));
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  at::Tensor output = compute();
  if (record.needsOutputs()) record.setOutputs(std::vector<c10::IValue>{output});
  return output;
}

}  // namespace

at::Tensor convolve_images(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                           int64_t padding, int64_t groups) {
  const kernels::ConvolutionSizes sizes{.stride = stride, .padding = padding, .groups = groups};
  const Choice choice(input, weight, bias, sizes);
  if (choice.way == Way::library) return at::conv2d(input, weight, bias, stride, padding, 1, groups);
  return observed(input, weight, [&] {
    switch (choice.way) {
      case Way::pixel_product: return kernels::pixel_product(input.to(*choice.type), weight, stride);
      case Way::winograd: return kernels::winograd(input.to(*choice.type), weight, padding);
      case Way::tiles: return kernels::tile_convolution(input.to(*choice.type), weight, stride, padding);
      case Way::patches: return kernels::patch_convolution(input.to(*choice.type), weight, stride, padding);
      // A float32 input, that of the network, need not be rounded.
      default: return kernels::widened_convolution(input, weight, bias, sizes, *choice.type);
    }
  });
}

at::Tensor pool_behind(BatchNorm& norm, bool relu, const at::Tensor& input, kernels::PoolPadding padding) {
  const auto type = stored_type(input);
  if (norm.mode() != BatchNormMode::none && type && kernels::norm_pool_supports(input)) {
    return kernels::norm_pool(input.to(*type), norm.tensors(), norm.kernel_options(relu), padding);
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
  const Choice choice(input, weight, bias, {options_.stride, options_.padding, options_.groups});
  if (choice.way != Way::pixel_product) return {.output = forward(input), .input = input};
  kernels::Fork fork;
  observed(input, weight, [&] {
    fork = kernels::pixel_product_fork(input.to(*choice.type), weight, options_.stride);
    return fork.output;
  });
  return fork;
}

at::Tensor Conv2d::forward_behind(BatchNorm* norm, bool relu, const at::Tensor& input) const {
  const bool has_padding_of_one = options_.stride == 1 && options_.padding == 1 && !bias.defined();
  const auto type = stored_type(input);
  if (has_padding_of_one && type && kernels::norm_depthwise_supports(input, weight)) {
    const auto options =
        norm ? norm->kernel_options(relu) : kernels::BatchNormOptions{.norm = kernels::NormSource::none, .relu = relu};
    return observed(input, weight, [&] {
      return kernels::norm_depthwise(input.to(*type), weight, norm ? norm->tensors() : kernels::NormTensors{}, options);
    });
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
