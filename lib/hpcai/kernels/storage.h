#pragma once

#include <ATen/ATen.h>

// On CPUs images are stored as float32 or bfloat16. The passes compute float32 of both, and parameters, sums and statistics are
// float32 or float64: bfloat16 only halves what a pass moves.
namespace hpcai::kernels {

// Whether a pass can read these values: float32 or bfloat16 on a CPU.
inline bool is_stored(const at::Tensor& values) {
  return values.is_cpu() && (values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16);
}

// The same of images [batch, channels, height, width], channels-last.
inline bool are_stored_images(const at::Tensor& images) {
  return is_stored(images) && images.dim() == 4 && images.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// A weight [out, in, height, width] that a pass over images can read: float32 on a CPU.
inline bool is_image_weight(const at::Tensor& weight) {
  return weight.is_cpu() && weight.scalar_type() == at::kFloat && weight.dim() == 4;
}

// Calls work(T()) with the C++ type of values that are stored.
template <class Work>
decltype(auto) with_storage(const at::Tensor& values, const Work& work) {
  return values.scalar_type() == at::kBFloat16 ? work(at::BFloat16()) : work(float());
}

}  // namespace hpcai::kernels
