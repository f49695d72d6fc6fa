#include "hpcai/kernels/winograd/winograd.h"

#include <algorithm>
#include <utility>

#include "hpcai/kernels/bfloat16_products.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/winograd/winograd_sequence.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Winograd : OnceDifferentiable<Winograd> {
  static constexpr const char* kName = "winograd";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, int64_t padding) {
    context->save_for_backward({input, weight});
    context->saved_data["padding"] = padding;
    return winograd_cpu::convolve(input, winograd_cpu::Shape(input, weight.size(0), padding), weight.const_data_ptr<float>(),
                                  winograd_cpu::strides_of(weight),
                                  /*turned=*/false);
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const int64_t padding = context->saved_data["padding"].toInt();
    const at::Tensor dy = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor of_input, of_weight;
    if (context->needs_input_grad(0)) {
      winograd_cpu::KernelStrides swapped = winograd_cpu::strides_of(weight);
      std::swap(swapped.out, swapped.in);
      of_input = winograd_cpu::convolve(dy, winograd_cpu::Shape(dy, input.size(1), 2 - padding), weight.const_data_ptr<float>(),
                                        swapped, /*turned=*/true);
    }
    if (context->needs_input_grad(1))
      of_weight = winograd_cpu::weight_gradient(input, winograd_cpu::Shape(input, weight.size(0), padding), dy, weight);
    return {of_input, of_weight, {}};
  }
};

}  // namespace

bool winograd_supports(const at::Tensor& input, const at::Tensor& weight, int64_t padding) {
  return are_stored_images(input) && is_image_weight(weight) && weight.size(1) == input.size(1) && weight.size(2) == 3 &&
         weight.size(3) == 3 && weight.size(0) % kPanel == 0 && weight.size(1) % kPanel == 0 && input.size(0) > 0 &&
         weight.size(0) > 0 && weight.size(1) > 0 && (padding == 0 || padding == 1) &&
         std::min(input.size(2), input.size(3)) + 2 * padding >= 3;
}

bool winograd_pays(const at::Tensor& input, const at::Tensor& weight, int64_t padding) {
  if (input.scalar_type() == at::kBFloat16 && bfloat16_products() == Bfloat16Products::very_quick) return false;
  constexpr int64_t kFewestTiles = 16, kFewestChannels = 32;  // see docs/convolutions.md
  return winograd_supports(input, weight, padding) && std::min(weight.size(0), weight.size(1)) >= kFewestChannels &&
         winograd_cpu::Shape(input, weight.size(0), padding).tiles() >= kFewestTiles;
}

at::Tensor winograd(const at::Tensor& input, const at::Tensor& weight, int64_t padding) {
  TORCH_CHECK(winograd_supports(input, weight, padding), "winograd: unsupported shape, type or layout");
  return Winograd::apply(input, weight, padding);
}

at::Tensor winograd_reference(const at::Tensor& input, const at::Tensor& weight, int64_t padding) {
  return at::conv2d(input, weight, {}, 1, padding);
}

}  // namespace hpcai::kernels
