#pragma once

#include <ATen/ATen.h>

// Backward passes write over gradients that nobody else holds: that saves new memory, and a quarter of what a pass moves.
namespace hpcai::kernels {

// The gradient that autograd gives to a backward pass, dense in `format`. `gradient` is empty afterwards, so that the result may
// be the only holder. An undefined gradient stays undefined.
at::Tensor take_gradient(at::Tensor& gradient, at::MemoryFormat format);

// The taken gradient itself where nobody else holds its memory; else new memory like it, or a copy of it.
at::Tensor memory_of(const at::Tensor& taken);
at::Tensor own_copy_of(const at::Tensor& taken);

}  // namespace hpcai::kernels
