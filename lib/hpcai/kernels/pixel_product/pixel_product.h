#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// Who multiplies: `packed_product`, or the library that LibTorch has for matrices.
enum class Multiplier { packed, library };
// The quicker one on this machine: Intel's library on Intel's CPUs, else the packed product (docs/convolutions.md).
Multiplier quickest_multiplier();

// A 1x1 convolution as one matrix product over every stride-th pixel of all samples: input [batch, in, height, width]
// channels-last, weight [out, in, 1, 1] -> [batch, out, height', width'], channels-last. Differentiable once in both. The packed
// product packs the weights into panels once a pass, and does not depend on the number of threads; the gradient of the weight is
// always the library's. The input must be one that pixel_product_supports.
at::Tensor pixel_product(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1,
                         Multiplier multiplier = quickest_multiplier());

// The same where others read the input, too: they take `input` of the fork. The product of the backward pass is then added to
// their gradient, which is a pass over memory less than autograd's sum of both.
struct Fork {
  at::Tensor output, input;
};
Fork pixel_product_fork(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1,
                        Multiplier multiplier = quickest_multiplier());

// The same product, made of LibTorch's operators, in any floating type and layout, on any device.
at::Tensor pixel_product_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1);

// Whether pixel_product takes them: float32 on a CPU, the input channels-last, both numbers of channels multiples of 8.
bool pixel_product_supports(const at::Tensor& input, const at::Tensor& weight);

}  // namespace hpcai::kernels
