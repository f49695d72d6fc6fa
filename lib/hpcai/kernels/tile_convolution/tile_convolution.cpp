#include "hpcai/kernels/tile_convolution/tile_convolution.h"

#include <algorithm>

#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/tile_convolution/image_products.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct TileConvolution : OnceDifferentiable<TileConvolution> {
  static constexpr const char* kName = "tile_convolution";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, int64_t stride,
                            int64_t padding) {
    context->save_for_backward({input, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return image_products::convolve(input, weight, {.stride = stride, .padding = padding});
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const image_products::Sizes sizes{.stride = context->saved_data["stride"].toInt(),
                                      .padding = context->saved_data["padding"].toInt()};
    const at::Tensor dy = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor of_input, of_weight;
    if (context->needs_input_grad(1)) of_weight = image_products::weight_gradient(dy, input, weight, sizes);
    if (context->needs_input_grad(0)) {
      of_input = at::empty_like(input);
      image_products::input_gradient(dy, weight, sizes, /*add=*/false, of_input);
    }
    return {of_input, of_weight, {}, {}};
  }
};

// But for the type of the input.
bool takes(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  return are_stored_images(input) && is_image_weight(weight) && weight.size(1) == input.size(1) &&
         weight.size(2) == weight.size(3) && weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && input.numel() > 0 &&
         weight.numel() > 0 && (stride == 1 || stride == 2) && padding >= 0 && 2 * padding < weight.size(2) &&
         std::min(input.size(2), input.size(3)) + 2 * padding >= weight.size(2);
}

}  // namespace

bool tile_convolution_supports(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  return input.scalar_type() == at::kBFloat16 && takes(input, weight, stride, padding);
}

bool tile_convolution_pays(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  constexpr int64_t kFewestChannels = 24;
  return has_tiles() && takes(input, weight, stride, padding) && std::min(weight.size(0), weight.size(1)) >= kFewestChannels;
}

at::Tensor tile_convolution(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  TORCH_CHECK(tile_convolution_supports(input, weight, stride, padding), "tile_convolution: unsupported shape, type or layout");
  return TileConvolution::apply(input, weight, stride, padding);
}

at::Tensor tile_convolution_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  return at::conv2d(input, weight, {}, stride, padding);
}

}  // namespace hpcai::kernels
