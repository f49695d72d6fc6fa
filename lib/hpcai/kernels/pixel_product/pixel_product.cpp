#include "hpcai/kernels/pixel_product/pixel_product.h"

#include <torch/autograd.h>

#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/packed_product/cpu/packed_product.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows of one call: they stay in the second cache level for all panels.
constexpr int64_t kRows = 96;

// [batch, channels, height, width] channels-last as [pixels, channels].
at::Tensor as_rows(const at::Tensor& images) { return images.permute({0, 2, 3, 1}).reshape({-1, images.size(1)}); }

// images [batch, depth, height, width] times the matrix, as [batch, columns, height, width].
at::Tensor multiply_pixels(const at::Tensor& images, const PanelSource& matrix) {
  const int64_t panels = panels_of(matrix.columns), rows = images.size(0) * images.size(2) * images.size(3);
  const at::Tensor packed = at::empty({panels, matrix.depth, kPanel}, images.options());
  for_pieces(panels,
             [&](int64_t panel) { pack_panel(matrix, panel, packed.mutable_data_ptr<float>() + panel * matrix.depth * kPanel); });
  at::Tensor out = at::empty({images.size(0), matrix.columns, images.size(2), images.size(3)}, images.options(),
                             at::MemoryFormat::ChannelsLast);
  for_pieces((rows + kRows - 1) / kRows, [&](int64_t piece) {
    const int64_t first = piece * kRows, count = std::min(kRows, rows - first);
    multiply({.left = {.data = images.const_data_ptr<float>() + first * matrix.depth,
                       .row = matrix.depth,
                       .k = 1,
                       .row_block = count,
                       .k_block = matrix.depth,
                       .next_rows = 0,
                       .next_ks = 0},
              .right = packed.const_data_ptr<float>(),
              .out = out.mutable_data_ptr<float>() + first * matrix.columns,
              .out_row = matrix.columns,
              .out_panel = kPanel,
              .rows = count,
              .depth = matrix.depth,
              .first = 0,
              .end = matrix.columns,
              .add = false});
  });
  return out;
}

struct PixelProduct : torch::autograd::Function<PixelProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight) {
    const at::Tensor matrix = weight.flatten(1).contiguous();  // [out, in]
    context->save_for_backward({input, weight});
    return multiply_pixels(input, {.from = matrix.const_data_ptr<float>(),
                                   .k_step = 1,
                                   .column_step = matrix.size(1),
                                   .depth = matrix.size(1),
                                   .columns = matrix.size(0)});
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const at::Tensor dy = grads[0].contiguous(at::MemoryFormat::ChannelsLast), matrix = weight.flatten(1).contiguous();
    at::Tensor of_input, of_weight;
    if (context->needs_input_grad(0)) {
      of_input = multiply_pixels(dy, {.from = matrix.const_data_ptr<float>(),
                                      .k_step = matrix.size(1),
                                      .column_step = 1,
                                      .depth = matrix.size(0),
                                      .columns = matrix.size(1)});
    }
    if (context->needs_input_grad(1)) of_weight = as_rows(dy).t().mm(as_rows(input)).view_as(weight);
    return {of_input, of_weight};
  }
};

}  // namespace

bool pixel_product_supports(const at::Tensor& input, const at::Tensor& weight) {
  const auto is_float = [](const at::Tensor& tensor) { return tensor.is_cpu() && tensor.scalar_type() == at::kFloat; };
  return is_float(input) && is_float(weight) && input.dim() == 4 && input.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         weight.dim() == 4 && weight.size(1) == input.size(1) && weight.size(2) == 1 && weight.size(3) == 1 &&
         weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && input.numel() > 0 && weight.numel() > 0;
}

at::Tensor pixel_product(const at::Tensor& input, const at::Tensor& weight) {
  TORCH_CHECK(pixel_product_supports(input, weight), "pixel_product: unsupported shape, type or layout");
  return PixelProduct::apply(input, weight);
}

at::Tensor pixel_product_reference(const at::Tensor& input, const at::Tensor& weight) { return at::conv2d(input, weight); }

}  // namespace hpcai::kernels
