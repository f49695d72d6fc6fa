#include "hpcai/kernels/widened_convolution/widened_convolution.h"

#include <array>
#include <tuple>
#include <vector>

#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/widened/widened.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Of input, weight and bias, as far as `wanted`; all tensors are float32.
auto gradients_of(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight, const ConvolutionSizes& sizes,
                  std::array<bool, 3> wanted) {
  const std::array biases = {weight.size(0)};
  return at::convolution_backward(dy, input, weight, at::OptionalIntArrayRef(biases), {sizes.stride, sizes.stride},
                                  {sizes.padding, sizes.padding}, {1, 1}, /*transposed=*/false, {0, 0}, sizes.groups, wanted);
}

struct WidenedConvolution : OnceDifferentiable<WidenedConvolution> {
  static constexpr const char* kName = "widened_convolution";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                            const ConvolutionSizes* sizes, at::ScalarType type) {
    context->save_for_backward({input, weight});
    context->saved_data["sizes"] = std::vector<int64_t>{sizes->stride, sizes->padding, sizes->groups};
    return convolve_widened(input, weight, bias.numel() > 0 ? bias : at::Tensor(), *sizes, type);
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const auto kept = context->saved_data["sizes"].toIntVector();
    const ConvolutionSizes sizes{.stride = kept[0], .padding = kept[1], .groups = kept[2]};
    const at::Tensor dy = widened(grads[0].contiguous(input.suggest_memory_format()));
    auto [of_input, of_weight, of_bias] =
        gradients_of(dy, widened(input), weight, sizes,
                     {context->needs_input_grad(0), context->needs_input_grad(1), context->needs_input_grad(2)});
    if (of_input.defined()) of_input = rounded(of_input, input.scalar_type());
    return {of_input, of_weight, of_bias, {}, {}};
  }
};

}  // namespace

at::Tensor convolve_widened(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                            const ConvolutionSizes& sizes, at::ScalarType type) {
  return rounded(at::conv2d(widened(input), weight, bias, sizes.stride, sizes.padding, 1, sizes.groups), type);
}

at::Tensor widened_input_gradient(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight,
                                  const ConvolutionSizes& sizes) {
  const bool is_wide = input.scalar_type() == at::kFloat;
  const at::Tensor like = is_wide ? input : at::empty_like(input, at::kFloat);  // its values have no part in the gradient
  return rounded(std::get<0>(gradients_of(widened(dy), like, weight, sizes, {true, false, false})), input.scalar_type());
}

at::Tensor widened_convolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                               const ConvolutionSizes& sizes, at::ScalarType type) {
  const at::Tensor none = at::empty({0});  // autograd takes no undefined tensors
  return WidenedConvolution::apply(input, weight, bias.defined() ? bias : none, &sizes, type);
}

}  // namespace hpcai::kernels
