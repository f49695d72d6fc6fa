#include "hpcai/kernels/time_taps/time_taps.h"

#include "hpcai/kernels/cuda_kernels.h"
#include "hpcai/kernels/once_differentiable.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct TimeTaps : OnceDifferentiable<TimeTaps> {
  static constexpr const char* kName = "time_taps";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, int64_t dilation) {
    context->saved_data["dilation"] = dilation;
    return cuda_kernels().time_taps.forward(input.contiguous(), dilation);
  }
  static variable_list gradients(AutogradContext* context, variable_list grads) {
    return {cuda_kernels().time_taps.backward(grads[0].contiguous(), context->saved_data["dilation"].toInt()), {}};
  }
};

}  // namespace

at::Tensor time_taps_reference(const at::Tensor& input, int64_t dilation) {
  const int64_t steps = input.size(1), left = dilation / 2;
  const at::Tensor padded = at::constant_pad_nd(input, {0, 0, left, dilation - left});
  return at::cat({padded.narrow(1, 0, steps), padded.narrow(1, dilation, steps)}, 2);
}

at::Tensor time_taps(const at::Tensor& input, int64_t dilation) {
  const bool fused = input.is_cuda() && cuda_kernels().time_taps.forward && input.numel() > 0;
  return fused ? TimeTaps::apply(input, dilation) : time_taps_reference(input, dilation);
}

}  // namespace hpcai::kernels
