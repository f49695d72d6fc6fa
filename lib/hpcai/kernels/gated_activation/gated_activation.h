#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// y = tanh(f) sigmoid(g) for merged [..., 2 G] = [f, g] along the last dimension, -> [..., G] of the same type. Differentiable
// once; the backward pass computes the activations again instead of storing them. Fused for float32 and bfloat16 on CPUs and,
// once the GPU kernels are loaded, on GPUs, there for float16, too. Anything else takes the reference. Throws c10::Error if
// the last dimension is odd.
at::Tensor gated_activation(const at::Tensor& merged);

// The same, made of LibTorch's operators, in any floating type, on any device: what the fused kernels are tested against.
at::Tensor gated_activation_reference(const at::Tensor& merged);

// The two passes on contiguous [rows, 2 G]; grad is [rows, G] of the same type.
struct GatedActivationKernel {
  at::Tensor (*forward)(const at::Tensor& merged) = nullptr;
  at::Tensor (*backward)(const at::Tensor& grad, const at::Tensor& merged) = nullptr;
};

// The kernels of the CPU, for float32 and bfloat16.
extern const GatedActivationKernel kCpuGatedActivation;

}  // namespace hpcai::kernels
