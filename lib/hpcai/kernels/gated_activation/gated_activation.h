#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// y = tanh(f) sigmoid(g) for merged = [f, g] along the last dimension: [..., 2 G] -> [..., G]. Differentiable once; the
// backward pass computes the activations again instead of storing them. Fused for float32 and bfloat16 on CPUs and, once
// the CUDA part is loaded, on GPUs, there for float16, too; anything else takes the reference.
at::Tensor gated_activation(const at::Tensor& merged);

// The same from LibTorch's operators: what the fused kernels are tested against.
at::Tensor gated_activation_reference(const at::Tensor& merged);

// The two passes on contiguous [rows, 2 G]; grad is [rows, G] of the same type.
struct GatedActivationKernel {
  at::Tensor (*forward)(const at::Tensor& merged) = nullptr;
  at::Tensor (*backward)(const at::Tensor& grad, const at::Tensor& merged) = nullptr;
};

// float32 and bfloat16.
extern const GatedActivationKernel kCpuGatedActivation;

}  // namespace hpcai::kernels
