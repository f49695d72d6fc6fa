#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/batch_norm/folded_norm.h"
#include "hpcai/kernels/gated_stack/cpu/gated_stack_chunk.h"

// Tensors in the form that the passes take: without gaps, as pointers; float32 unless they are stored as bfloat16.
namespace hpcai::kernels::stack {

inline at::Tensor as_float(const at::Tensor& values) { return values.detach().to(at::kFloat).contiguous(); }

// The values of a float32 tensor; null for an undefined one.
inline const float* data(const at::Tensor& values) { return values.defined() ? values.const_data_ptr<float>() : nullptr; }
inline float* mutable_data(const at::Tensor& values) { return values.defined() ? values.mutable_data_ptr<float>() : nullptr; }

// Of a tensor that is stored as float32 or bfloat16; null for an undefined one.
inline StoredValues stored(const at::Tensor& values) {
  return values.defined() ? StoredValues{values.const_data_ptr(), values.scalar_type() == at::kBFloat16} : StoredValues{};
}
inline StoredResult mutable_stored(const at::Tensor& values) {
  return values.defined() ? StoredResult{values.mutable_data_ptr(), values.scalar_type() == at::kBFloat16} : StoredResult{};
}

// A norm as one tensor, float32 [4, channels]: scale, shift, mean, inverse.
inline at::Tensor packed(const AffineNorm& norm) {
  return at::stack({norm.scale, norm.shift, norm.mean, norm.inverse}).to(at::kFloat);
}

// The rows of a packed norm.
inline Norm norm_of(const at::Tensor& pack) {
  const float* const values = pack.const_data_ptr<float>();
  const int64_t channels = pack.size(1);
  return {.scale = values, .shift = values + channels, .mean = values + 2 * channels, .inverse = values + 3 * channels};
}

}  // namespace hpcai::kernels::stack
