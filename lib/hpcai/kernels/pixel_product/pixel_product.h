#pragma once

#include <ATen/ATen.h>

#include <optional>

namespace hpcai::kernels {

// Who multiplies, and in which arithmetic: `packed_product` in float32, the library that LibTorch has for matrices in float32,
// that library in the type of the images, for bfloat16 with weights that are rounded, too, or for bfloat16 tile registers with
// such weights and sums in float32 (tile_convolution.h).
enum class Multiplier { packed, library, library_bfloat16, tiles };
// The quickest one on this machine for images of `type`: for bfloat16 tiles where the processor has them, and the library where
// it multiplies bfloat16 quickly (bfloat16_products.h); else Intel's library on Intel's CPUs, and the packed product on others
// (docs/convolutions.md).
Multiplier quickest_multiplier(at::ScalarType type);

// A 1x1 convolution as one matrix product over every stride-th pixel of all samples: input [batch, in, height, width]
// channels-last, float32 or bfloat16, weight [out, in, 1, 1] float32 -> [batch, out, height', width'], channels-last, in the type
// of the input. Differentiable once in both. Of bfloat16 images the output and the gradient of the input are rounded once, and
// the gradient of the weight, which is float32, is not (`library_bfloat16` rounds that, too). `packed` and `library` multiply
// them as float32. The packed product packs the weights into panels once a pass, and does not depend on the number of threads, as
// the library's may; the gradient of the weight is then the library's. With tiles nothing depends on it. The input must be one
// that pixel_product_supports. Without a multiplier the quickest one is taken.
at::Tensor pixel_product(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1,
                         std::optional<Multiplier> multiplier = {});

// The same where others read the input, too: they take `input` of the fork. The product of the backward pass is then added to
// their gradient, which is a pass over memory less than autograd's sum of both.
struct Fork {
  at::Tensor output, input;
};
Fork pixel_product_fork(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1,
                        std::optional<Multiplier> multiplier = {});

// The same product, made of LibTorch's operators, in any floating type and layout, on any device.
at::Tensor pixel_product_reference(const at::Tensor& input, const at::Tensor& weight, int64_t stride = 1);

// Whether pixel_product takes them: on a CPU, the input float32 or bfloat16 and channels-last, the weight float32, both numbers
// of channels multiples of 8.
bool pixel_product_supports(const at::Tensor& input, const at::Tensor& weight);

}  // namespace hpcai::kernels
