#pragma once

#include <ATen/ATen.h>

namespace hpcai::kernels {

// Stored values (storage.h), without gaps and in any order of dimensions, in float32: the tensor itself if it is float32.
at::Tensor widened(const at::Tensor& values);

// bfloat16 values as those of `wide`, float32, which lie in memory as they do.
void widen_to(const at::Tensor& values, const at::Tensor& wide);

// Rounds float32 values to those of `out`, bfloat16, which lie in memory as they do.
void round_to(const at::Tensor& values, const at::Tensor& out);

// float32 values in `type`, float32 or bfloat16: the tensor itself if `type` is float32.
at::Tensor rounded(const at::Tensor& values, at::ScalarType type);

}  // namespace hpcai::kernels
