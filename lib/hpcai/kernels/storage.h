#pragma once

#include <ATen/ATen.h>

// On CPUs images are stored as float32 or bfloat16. The passes compute float32 of both, and parameters, sums and statistics are
// float32 or float64: bfloat16 only halves what a pass moves.
namespace hpcai::kernels {

// Whether a pass can read these values: float32 or bfloat16 on a CPU.
inline bool is_stored(const at::Tensor& values) {
  return values.is_cpu() && (values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16);
}

// Calls work(T()) with the C++ type of values that are stored.
template <class Work>
decltype(auto) with_storage(const at::Tensor& values, const Work& work) {
  return values.scalar_type() == at::kBFloat16 ? work(at::BFloat16()) : work(float());
}

}  // namespace hpcai::kernels
