#include "hpcai/kernels/gated_activation/gated_activation.h"

#include "hpcai/kernels/cuda_kernels.h"
#include "hpcai/kernels/once_differentiable.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const GatedActivationKernel& kernel_for(const at::Tensor& merged) {
  return merged.is_cuda() ? cuda_kernels().gated_activation : kCpuGatedActivation;
}

bool has_kernel(const at::Tensor& merged) {
  const auto type = merged.scalar_type();
  const bool known_type = type == at::kFloat || type == at::kBFloat16 || (type == at::kHalf && merged.is_cuda());
  return known_type && merged.numel() > 0 && (merged.is_cpu() || merged.is_cuda()) && kernel_for(merged).forward;
}

struct GatedActivation : OnceDifferentiable<GatedActivation> {
  static constexpr const char* kName = "gated_activation";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& merged) {
    const at::Tensor rows = merged.contiguous();
    context->save_for_backward({rows});
    return kernel_for(rows).forward(rows);
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const at::Tensor rows = context->get_saved_variables()[0];
    return {kernel_for(rows).backward(grads[0].to(rows.scalar_type()).contiguous(), rows)};
  }
};

}  // namespace

at::Tensor gated_activation_reference(const at::Tensor& merged) {
  const auto halves = merged.chunk(2, -1);
  return halves[0].tanh() * halves[1].sigmoid();
}

at::Tensor gated_activation(const at::Tensor& merged) {
  TORCH_CHECK(merged.dim() > 0 && merged.size(-1) % 2 == 0, "gated_activation: the last dimension must be even");
  return has_kernel(merged) ? GatedActivation::apply(merged) : gated_activation_reference(merged);
}

}  // namespace hpcai::kernels
