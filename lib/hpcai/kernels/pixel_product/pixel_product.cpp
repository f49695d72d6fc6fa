#include "hpcai/kernels/pixel_product/pixel_product.h"

#include <utility>

#include "hpcai/kernels/bfloat16_products.h"
#include "hpcai/kernels/gradient_memory.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/pixel_product/row_products.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/tile_convolution/image_products.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [batch, channels, height, width] channels-last as [pixels, channels].
at::Tensor as_rows(const at::Tensor& images) { return images.permute({0, 2, 3, 1}).reshape({-1, images.size(1)}); }

// For images [batch, depth, height, width] times a matrix with `columns` columns: [batch, columns, height, width] in `type`.
// Products are written to it, so that it is no view of another tensor: autograd would not let layers behind it change it in
// place.
at::Tensor empty_product(const at::Tensor& images, int64_t columns, at::ScalarType type) {
  return at::empty({images.size(0), columns, images.size(2), images.size(3)}, images.options().dtype(type),
                   at::MemoryFormat::ChannelsLast);
}

// out = images [batch, depth, height, width] times the matrix [depth, columns], as [batch, columns, height, width]; or with `add`
// added to it.
void multiply_pixels(const at::Tensor& images, const at::Tensor& matrix, Multiplier multiplier, bool add, const at::Tensor& out) {
  multiply_rows(as_rows(images), matrix, multiplier, add, out.permute({0, 2, 3, 1}).view({-1, matrix.size(1)}));
}
at::Tensor multiply_pixels(const at::Tensor& images, const at::Tensor& matrix, Multiplier multiplier, at::ScalarType type) {
  at::Tensor out = empty_product(images, matrix.size(1), type);
  multiply_pixels(images, matrix, multiplier, /*add=*/false, out);
  return out;
}

// Every `stride`-th pixel of images [batch, channels, height, width], as a view.
at::Tensor strided(const at::Tensor& images, int64_t stride) {
  return images.slice(2, 0, images.size(2), stride).slice(3, 0, images.size(3), stride);
}

struct PixelProduct : OnceDifferentiable<PixelProduct> {
  static constexpr const char* kName = "pixel_product";

  static variable_list forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, int64_t stride,
                               Multiplier multiplier) {
    const bool in_tiles = multiplier == Multiplier::tiles;  // which read every stride-th pixel themselves
    const at::Tensor pixels = stride == 1 || in_tiles ? input : strided(input, stride).contiguous(at::MemoryFormat::ChannelsLast);
    context->save_for_backward({pixels, weight});
    context->set_materialize_grads(false);
    context->saved_data["sizes"] = input.sizes();
    context->saved_data["stride"] = stride;
    context->saved_data["multiplier"] = static_cast<int64_t>(multiplier);
    if (in_tiles) return {image_products::convolve(input, weight, {.stride = stride}), input.detach()};
    return {multiply_pixels(pixels, weight.flatten(1).contiguous().t(), multiplier, input.scalar_type()), input.detach()};
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &pixels = saved[0], &weight = saved[1];
    const at::Tensor dy = take_gradient(grads[0], at::MemoryFormat::ChannelsLast);
    at::Tensor of_input = take_gradient(grads[1], at::MemoryFormat::ChannelsLast), of_weight;
    if (!dy.defined()) return {of_input, {}, {}, {}};
    const auto multiplier = static_cast<Multiplier>(context->saved_data["multiplier"].toInt());
    if (multiplier == Multiplier::tiles) return gradients_in_tiles(*context, pixels, weight, dy, of_input);
    if (context->needs_input_grad(0)) of_input = input_gradient(*context, dy, weight.flatten(1).contiguous(), of_input);
    if (context->needs_input_grad(1)) {
      of_weight = multiply_transposed(as_rows(dy), as_rows(pixels), multiplier).view_as(weight);
    }
    return {of_input, of_weight, {}, {}};
  }

  static variable_list gradients_in_tiles(AutogradContext& context, const at::Tensor& input, const at::Tensor& weight,
                                          const at::Tensor& dy, at::Tensor& of_others) {
    const image_products::Sizes sizes{.stride = context.saved_data["stride"].toInt()};
    at::Tensor of_input = std::exchange(of_others, {}), of_weight;
    if (context.needs_input_grad(1)) of_weight = image_products::weight_gradient(dy, input, weight, sizes);
    if (context.needs_input_grad(0)) {
      const bool add = of_input.defined();
      of_input = add ? own_copy_of(of_input) : at::empty_like(input);
      image_products::input_gradient(dy, weight, sizes, add, of_input);
    }
    return {of_input, of_weight, {}, {}};
  }

  // dy times matrix [out, in] at every stride-th pixel, added to the gradient that the other readers of the input have left.
  static at::Tensor input_gradient(AutogradContext& context, const at::Tensor& dy, const at::Tensor& matrix,
                                   at::Tensor& of_others) {
    const int64_t stride = context.saved_data["stride"].toInt();
    const auto multiplier = static_cast<Multiplier>(context.saved_data["multiplier"].toInt());
    if (stride == 1 && !of_others.defined()) return multiply_pixels(dy, matrix, multiplier, dy.scalar_type());
    const at::Tensor taken = std::exchange(of_others, {});
    const auto zeros = [&] {
      return at::empty(context.saved_data["sizes"].toIntVector(), dy.options(), at::MemoryFormat::ChannelsLast).zero_();
    };
    const at::Tensor sum = taken.defined() ? own_copy_of(taken) : zeros();
    if (stride == 1) {
      multiply_pixels(dy, matrix, multiplier, /*add=*/true, sum);
    } else {
      const bool in_float = multiplier != Multiplier::library_bfloat16;  // so that only the sum is rounded
      strided(sum, stride).add_(multiply_pixels(dy, matrix, multiplier, in_float ? at::kFloat : dy.scalar_type()));
    }
    return sum;
  }
};

}  // namespace

bool pixel_product_supports(const at::Tensor& input, const at::Tensor& weight) {
  return are_stored_images(input) && is_image_weight(weight) && weight.size(1) == input.size(1) && weight.size(2) == 1 &&
         weight.size(3) == 1 && weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && input.numel() > 0 && weight.numel() > 0;
}

Multiplier quickest_multiplier(at::ScalarType type) {
  if (type == at::kBFloat16 && has_tiles()) return Multiplier::tiles;
  if (type == at::kBFloat16 && bfloat16_products() != Bfloat16Products::slow) return Multiplier::library_bfloat16;
#ifdef __x86_64__
  static const bool is_intel = at::hasMKL() && __builtin_cpu_is("intel");
  if (is_intel) return Multiplier::library;
#endif
  return Multiplier::packed;
}

Fork pixel_product_fork(const at::Tensor& input, const at::Tensor& weight, int64_t stride, std::optional<Multiplier> multiplier) {
  TORCH_CHECK(pixel_product_supports(input, weight), "pixel_product: unsupported shape, type or layout");
  const Multiplier chosen = multiplier.value_or(quickest_multiplier(input.scalar_type()));
  TORCH_CHECK(chosen != Multiplier::tiles || input.scalar_type() == at::kBFloat16, "pixel_product: tiles are of bfloat16");
  const variable_list outputs = PixelProduct::apply(input, weight, stride, chosen);
  return {.output = outputs[0], .input = input.requires_grad() ? outputs[1] : input};
}

at::Tensor pixel_product(const at::Tensor& input, const at::Tensor& weight, int64_t stride,
                         std::optional<Multiplier> multiplier) {
  return pixel_product_fork(input, weight, stride, multiplier).output;
}

at::Tensor pixel_product_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride) {
  return at::conv2d(input, weight, {}, stride);
}

}  // namespace hpcai::kernels
