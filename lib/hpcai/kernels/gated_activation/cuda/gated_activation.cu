#include "hpcai/kernels/gated_activation/cuda/gated_activation.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace hpcai::kernels::cuda {
namespace {

constexpr int kThreads = 256;

__device__ float sigmoid(float x) { return 1.0f / (1.0f + __expf(-x)); }

// One thread for each output value, i = row * gates + column.
template <class T>
__global__ void forward_kernel(const T* __restrict__ merged, T* __restrict__ out, int64_t count, int gates) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const int64_t f = i + i / gates * gates;
  out[i] = static_cast<T>(tanhf(static_cast<float>(merged[f])) * sigmoid(static_cast<float>(merged[f + gates])));
}

template <class T>
__global__ void backward_kernel(const T* __restrict__ grad, const T* __restrict__ merged, T* __restrict__ out, int64_t count,
                                int gates) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const int64_t f = i + i / gates * gates;
  const float t = tanhf(static_cast<float>(merged[f])), s = sigmoid(static_cast<float>(merged[f + gates]));
  const float g = static_cast<float>(grad[i]);
  out[f] = static_cast<T>(g * s * (1.0f - t * t));
  out[f + gates] = static_cast<T>(g * t * s * (1.0f - s));
}

int blocks_for(int64_t count) { return static_cast<int>((count + kThreads - 1) / kThreads); }

}  // namespace

at::Tensor gated_forward(const at::Tensor& merged) {
  const c10::cuda::CUDAGuard guard(merged.device());
  auto shape = merged.sizes().vec();
  const int gates = static_cast<int>(shape.back() /= 2);
  at::Tensor out = at::empty(shape, merged.options());
  const int64_t count = out.numel();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, merged.scalar_type(), "gated_forward", [&] {
    forward_kernel<scalar_t><<<blocks_for(count), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        merged.const_data_ptr<scalar_t>(), out.mutable_data_ptr<scalar_t>(), count, gates);
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

at::Tensor gated_backward(const at::Tensor& grad, const at::Tensor& merged) {
  const c10::cuda::CUDAGuard guard(merged.device());
  at::Tensor out = at::empty(merged.sizes(), merged.options());
  const int gates = static_cast<int>(merged.size(-1) / 2);
  const int64_t count = grad.numel();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, merged.scalar_type(), "gated_backward", [&] {
    backward_kernel<scalar_t><<<blocks_for(count), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        grad.const_data_ptr<scalar_t>(), merged.const_data_ptr<scalar_t>(), out.mutable_data_ptr<scalar_t>(), count, gates);
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace hpcai::kernels::cuda
