#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {

// A batch norm, with or without a ReLU, and the depthwise 3x3 convolution behind it: input [batch, channels, height, width],
// weight [channels, 1, 3, 3], stride 1, zero padding of one pixel -> the shape and type of the input, channels-last. The norm is
// applied while the convolution reads its input, so that its output is neither stored nor kept for the backward pass.
// NormSource::none is the convolution alone, with options.relu that of relu(input); `tensors` are then undefined. Differentiable
// once in input, weight, gamma and beta; moves the running statistics and throws as batch_norm does. Of bfloat16 images the
// gradient of the input is rounded twice: before and behind the norm. Does not depend on the number of threads. The input must be
// one that norm_depthwise_supports.
at::Tensor norm_depthwise(const at::Tensor& input, const at::Tensor& weight, const NormTensors& tensors,
                          const BatchNormOptions& options);

// The same, made of LibTorch's operators and batch_norm_reference.
at::Tensor norm_depthwise_reference(const at::Tensor& input, const at::Tensor& weight, const NormTensors& tensors,
                                    const BatchNormOptions& options);

// Whether norm_depthwise takes them: on a CPU, the input float32 or bfloat16, channels-last, the number of channels a multiple of
// 8; the weight float32.
bool norm_depthwise_supports(const at::Tensor& input, const at::Tensor& weight);

}  // namespace hpcai::kernels
