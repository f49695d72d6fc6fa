#include "hpcai/kernels/pixel_product/pixel_product.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/gradient_memory.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/packed_product/cpu/packed_product.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows and depth of one product. The rows are copied without the gaps that the rest of the depth leaves, and with a row length
// that is no multiple of 4096 bytes: they stay in the second cache level for all panels, and two panels in the first one for all
// rows.
constexpr int64_t kRows = 96, kDepth = 256, kRowLength = kDepth + kPanel;

// [batch, channels, height, width] channels-last as [pixels, channels].
at::Tensor as_rows(const at::Tensor& images) { return images.permute({0, 2, 3, 1}).reshape({-1, images.size(1)}); }

// For images [batch, depth, height, width] times a matrix with `columns` columns: [batch, columns, height, width]. Products are
// written to it, so that it is no view of another tensor: autograd would not let layers behind it change it in place.
at::Tensor empty_product(const at::Tensor& images, int64_t columns) {
  return at::empty({images.size(0), columns, images.size(2), images.size(3)}, images.options(), at::MemoryFormat::ChannelsLast);
}

// out = images [batch, depth, height, width] times the matrix, as [batch, columns, height, width]; or with `add` added to it.
void multiply_packed(const at::Tensor& images, const PanelSource& matrix, bool add, const at::Tensor& out) {
  const int64_t panels = panels_of(matrix.columns), rows = images.size(0) * images.size(2) * images.size(3);
  const at::Tensor packed = at::empty({panels, matrix.depth, kPanel}, images.options());
  for_pieces(panels,
             [&](int64_t panel) { pack_panel(matrix, panel, packed.mutable_data_ptr<float>() + panel * matrix.depth * kPanel); });
  for_pieces((rows + kRows - 1) / kRows, [&](int64_t piece) {
    const int64_t first = piece * kRows, count = std::min(kRows, rows - first);
    std::vector<float> block(count * kRowLength);
    for (int64_t k = 0; k < matrix.depth; k += kDepth) {
      const int64_t depth = std::min(kDepth, matrix.depth - k);
      for (int64_t row = 0; row < count; ++row) {
        std::copy_n(images.const_data_ptr<float>() + (first + row) * matrix.depth + k, depth, block.data() + row * kRowLength);
      }
      multiply({.left = {.data = block.data(),
                         .row = kRowLength,
                         .k = 1,
                         .row_block = count,
                         .k_block = depth,
                         .next_rows = 0,
                         .next_ks = 0},
                .right = packed.const_data_ptr<float>() + k * kPanel,
                .right_panel = matrix.depth * kPanel,
                .out = out.mutable_data_ptr<float>() + first * matrix.columns,
                .out_row = matrix.columns,
                .out_panel = kPanel,
                .rows = count,
                .depth = depth,
                .first = 0,
                .end = matrix.columns,
                .add = add || k > 0});
    }
  });
}

// The same for a matrix [depth, columns], by the given multiplier.
void multiply_pixels(const at::Tensor& images, const at::Tensor& matrix, Multiplier multiplier, bool add, const at::Tensor& out) {
  if (multiplier == Multiplier::packed) {
    return multiply_packed(images,
                           {.from = matrix.const_data_ptr<float>(),
                            .k_step = matrix.stride(0),
                            .column_step = matrix.stride(1),
                            .depth = matrix.size(0),
                            .columns = matrix.size(1)},
                           add, out);
  }
  at::Tensor rows = out.permute({0, 2, 3, 1}).view({-1, matrix.size(1)});
  add ? rows.addmm_(as_rows(images), matrix) : at::mm_out(rows, as_rows(images), matrix);
}
at::Tensor multiply_pixels(const at::Tensor& images, const at::Tensor& matrix, Multiplier multiplier) {
  at::Tensor out = empty_product(images, matrix.size(1));
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
    const at::Tensor pixels = stride == 1 ? input : strided(input, stride).contiguous(at::MemoryFormat::ChannelsLast);
    context->save_for_backward({pixels, weight});
    context->set_materialize_grads(false);
    context->saved_data["sizes"] = input.sizes();
    context->saved_data["stride"] = stride;
    context->saved_data["multiplier"] = static_cast<int64_t>(multiplier);
    return {multiply_pixels(pixels, weight.flatten(1).contiguous().t(), multiplier), input.detach()};
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &pixels = saved[0], &weight = saved[1];
    const at::Tensor dy = take_gradient(grads[0], at::MemoryFormat::ChannelsLast);
    at::Tensor of_input = take_gradient(grads[1], at::MemoryFormat::ChannelsLast), of_weight;
    if (!dy.defined()) return {of_input, {}, {}, {}};
    if (context->needs_input_grad(0)) of_input = input_gradient(*context, dy, weight.flatten(1).contiguous(), of_input);
    if (context->needs_input_grad(1)) of_weight = as_rows(dy).t().mm(as_rows(pixels)).view_as(weight);
    return {of_input, of_weight, {}, {}};
  }

  // dy times matrix [out, in] at every stride-th pixel, added to the gradient that the other readers of the input have left.
  static at::Tensor input_gradient(AutogradContext& context, const at::Tensor& dy, const at::Tensor& matrix,
                                   at::Tensor& of_others) {
    const int64_t stride = context.saved_data["stride"].toInt();
    const auto multiplier = static_cast<Multiplier>(context.saved_data["multiplier"].toInt());
    if (stride == 1 && !of_others.defined()) return multiply_pixels(dy, matrix, multiplier);
    const at::Tensor taken = std::exchange(of_others, {});
    const auto zeros = [&] {
      return at::empty(context.saved_data["sizes"].toIntVector(), dy.options(), at::MemoryFormat::ChannelsLast).zero_();
    };
    const at::Tensor sum = taken.defined() ? own_copy_of(taken) : zeros();
    if (stride == 1) {
      multiply_pixels(dy, matrix, multiplier, /*add=*/true, sum);
    } else {
      strided(sum, stride).add_(multiply_pixels(dy, matrix, multiplier));
    }
    return sum;
  }
};

}  // namespace

bool pixel_product_supports(const at::Tensor& input, const at::Tensor& weight) {
  const auto is_float = [](const at::Tensor& tensor) { return tensor.is_cpu() && tensor.scalar_type() == at::kFloat; };
  return is_float(input) && is_float(weight) && input.dim() == 4 && input.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         weight.dim() == 4 && weight.size(1) == input.size(1) && weight.size(2) == 1 && weight.size(3) == 1 &&
         weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && input.numel() > 0 && weight.numel() > 0;
}

Multiplier quickest_multiplier() {
#ifdef __x86_64__
  static const bool is_intel = at::hasMKL() && __builtin_cpu_is("intel");
  if (is_intel) return Multiplier::library;
#endif
  return Multiplier::packed;
}

Fork pixel_product_fork(const at::Tensor& input, const at::Tensor& weight, int64_t stride, Multiplier multiplier) {
  TORCH_CHECK(pixel_product_supports(input, weight), "pixel_product: unsupported shape, type or layout");
  const variable_list outputs = PixelProduct::apply(input, weight, stride, multiplier);
  return {.output = outputs[0], .input = input.requires_grad() ? outputs[1] : input};
}

at::Tensor pixel_product(const at::Tensor& input, const at::Tensor& weight, int64_t stride, Multiplier multiplier) {
  return pixel_product_fork(input, weight, stride, multiplier).output;
}

at::Tensor pixel_product_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride) {
  return at::conv2d(input, weight, {}, stride);
}

}  // namespace hpcai::kernels
