#include "hpcai/kernels/batch_norm/batch_norm.h"
#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/kernels/gated_stack/gated_stack.h"

namespace hpcai::kernels {
namespace {

// Over the channels of values [batch, time, channels].
at::Tensor normalised(const at::Tensor& values, const NormTensors& norm, const GatedStackOptions& options, bool relu) {
  return batch_norm_reference(
             values.flatten(0, 1), norm,
             {.norm = options.norm, .eps = options.eps, .momentum = options.momentum, .sum = options.sum, .relu = relu})
      .view_as(values);
}

// A convolution of width 2, x [batch, time, C] -> [batch, time, 2 G]: step t sees t - left and t - left + dilation.
at::Tensor dilated(const at::Tensor& x, const GatedLayerTensors& layer) {
  const int64_t left = layer.dilation / 2;
  const at::Tensor padded = at::constant_pad_nd(x.transpose(1, 2), {left, layer.dilation - left});
  return at::conv1d(padded, layer.gated_weight, layer.gated_bias, {1}, at::IntArrayRef{0}, {layer.dilation}).transpose(1, 2);
}

}  // namespace

at::Tensor gated_stack_reference(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers,
                                 const GatedStackOptions& options) {
  TORCH_CHECK(input.dim() == 3 && !layers.empty(), "gated_stack_reference: input [batch, time, in] and at least one layer");
  at::Tensor next = input, skips;
  for (const GatedLayerTensors& layer : layers) {
    const at::Tensor a = at::linear(next, layer.pre_weight.squeeze(2), layer.pre_bias);
    const at::Tensor x = normalised(a, layer.pre_norm, options, /*relu=*/true);
    const at::Tensor y = gated_activation_reference(normalised(dilated(x, layer), layer.gated_norm, options, /*relu=*/false));
    const at::Tensor p = at::linear(y, layer.post_weight.squeeze(2), layer.post_bias);
    const at::Tensor z = normalised(p, layer.post_norm, options, /*relu=*/true);
    skips = skips.defined() ? skips + z : z;
    next = x + z;
  }
  return options.last_steps == 0 ? skips : skips.slice(1, skips.size(1) - options.last_steps);
}

}  // namespace hpcai::kernels
