#include "hpcai/kernels/patch_convolution/patch_convolution.h"

#include <algorithm>

#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"
#include "hpcai/kernels/widened/widened.h"
#include "hpcai/kernels/widened_convolution/widened_convolution.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The patch of each output pixel, [batch * height' * width', kernel * kernel * in]: a row of a kernel is one piece of memory.
at::Tensor patches_of(const at::Tensor& input, int64_t kernel, int64_t stride, int64_t padding, int64_t height, int64_t width) {
  const at::Tensor padded = at::constant_pad_nd(input.permute({0, 2, 3, 1}), {0, 0, padding, padding, padding, padding});
  const int64_t in = input.size(1);
  return padded.contiguous()
      .as_strided({input.size(0), height, width, kernel, kernel * in},
                  {padded.size(1) * padded.size(2) * in, stride * padded.size(2) * in, stride * in, padded.size(2) * in, 1})
      .reshape({-1, kernel * kernel * in});
}

// Some samples at a time, so that the patches need no more than about 32 MiB.
at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight, int64_t stride,
                           int64_t padding) {
  constexpr int64_t kMostValues = 8 << 20;
  const int64_t out = weight.size(0), in = weight.size(1), kernel = weight.size(2), batch = input.size(0);
  const int64_t values = dy.size(2) * dy.size(3) * kernel * kernel * in, samples = std::max<int64_t>(1, kMostValues / values);
  at::Tensor sum = at::zeros({out, kernel * kernel * in}, weight.options());
  for (int64_t first = 0; first < batch; first += samples) {
    const int64_t count = std::min(samples, batch - first);
    const auto samples_of = [&](const at::Tensor& images) { return widened(images.narrow(0, first, count)); };
    const at::Tensor rows = samples_of(dy).permute({0, 2, 3, 1}).reshape({-1, out});
    sum.addmm_(rows.t(), patches_of(samples_of(input), kernel, stride, padding, dy.size(2), dy.size(3)));
  }
  return sum.view({out, kernel, kernel, in}).permute({0, 3, 1, 2}).contiguous(weight.suggest_memory_format());
}

struct PatchConvolution : OnceDifferentiable<PatchConvolution> {
  static constexpr const char* kName = "patch_convolution";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, int64_t stride,
                            int64_t padding) {
    context->save_for_backward({input, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return convolve_widened(input, weight, {}, {.stride = stride, .padding = padding}, input.scalar_type());
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const int64_t stride = context->saved_data["stride"].toInt(), padding = context->saved_data["padding"].toInt();
    const at::Tensor dy = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor of_input, of_weight;
    if (context->needs_input_grad(0)) {
      of_input = widened_input_gradient(dy, input, weight, {.stride = stride, .padding = padding});
    }
    if (context->needs_input_grad(1)) of_weight = weight_gradient(dy, input, weight, stride, padding);
    return {of_input, of_weight, {}, {}};
  }
};

}  // namespace

bool patch_convolution_supports(const at::Tensor& input, const at::Tensor& weight) {
  return are_stored_images(input) && is_image_weight(weight) && weight.size(1) == input.size(1) &&
         weight.size(2) == weight.size(3) && input.numel() > 0 && weight.numel() > 0;
}

at::Tensor patch_convolution(const at::Tensor& input, const at::Tensor& weight, int64_t stride, int64_t padding) {
  TORCH_CHECK(patch_convolution_supports(input, weight), "patch_convolution: unsupported shape, type or layout");
  return PatchConvolution::apply(input, weight, stride, padding);
}

}  // namespace hpcai::kernels
