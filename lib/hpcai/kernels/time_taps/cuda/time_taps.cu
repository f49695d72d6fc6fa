#include "hpcai/kernels/time_taps/cuda/time_taps.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <numeric>

namespace hpcai::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// Values that move together: 16 bytes where the channels allow it.
template <int kBytes>
struct alignas(kBytes) Bundle {
  char bytes[kBytes];
};

// Sizes in bundles.
struct Shape {
  int64_t count;  // bundles of the narrow tensor, [batch, steps, width]
  int64_t steps;
  int width;  // bundles of a step
  int64_t left, dilation;
};

// One thread for each bundle of the input's shape and each of the two taps, which is the faster index.
template <class V>
__global__ void forward_kernel(const V* __restrict__ input, V* __restrict__ out, Shape shape) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= 2 * shape.count) return;
  const int64_t row = i / (2 * shape.width);
  const int place = static_cast<int>(i - row * 2 * shape.width), tap = place >= shape.width;
  const int64_t shift = tap * shape.dilation - shape.left, step = row % shape.steps + shift;
  V value{};
  if (step >= 0 && step < shape.steps) value = input[(row + shift) * shape.width + place - tap * shape.width];
  out[i] = value;
}

// The input's step was seen by the first tap of step + left and by the second of step + left - dilation.
template <class T, int kWidth>
__global__ void backward_kernel(const T* __restrict__ grad, T* __restrict__ out, Shape shape) {
  struct alignas(sizeof(T) * kWidth) Pack {
    T values[kWidth];
  };
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= shape.count) return;
  const int64_t row = i / shape.width, step = row % shape.steps;
  const int place = static_cast<int>(i - row * shape.width);
  Pack sum{};
  const Pack* const packs = reinterpret_cast<const Pack*>(grad);
#pragma unroll
  for (int tap = 0; tap < 2; ++tap) {
    const int64_t shift = shape.left - tap * shape.dilation;
    if (step + shift < 0 || step + shift >= shape.steps) continue;
    const Pack seen = packs[(row + shift) * 2 * shape.width + tap * shape.width + place];
#pragma unroll
    for (int k = 0; k < kWidth; ++k) sum.values[k] = tap ? sum.values[k] + seen.values[k] : seen.values[k];
  }
  reinterpret_cast<Pack*>(out)[i] = sum;
}

int64_t blocks_for(int64_t count) { return (count + kThreads - 1) / kThreads; }

Shape shape_of(const at::Tensor& input, int64_t channels, int bundle, int64_t dilation) {
  const int64_t values = input.size(0) * input.size(1) * channels;
  return {.count = values / bundle,
          .steps = input.size(1),
          .width = static_cast<int>(channels / bundle),
          .left = dilation / 2,
          .dilation = dilation};
}

bool aligned(const at::Tensor& tensor) { return reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % 16 == 0; }

}  // namespace

at::Tensor taps_forward(const at::Tensor& input, int64_t dilation) {
  const c10::cuda::CUDAGuard guard(input.device());
  const int64_t channels = input.size(2);
  at::Tensor out = at::empty({input.size(0), input.size(1), 2 * channels}, input.options());
  const auto stream = c10::cuda::getCurrentCUDAStream();
  const auto launch = [&](auto bundle) {
    using V = decltype(bundle);
    const Shape shape = shape_of(input, channels, static_cast<int>(sizeof(V) / input.element_size()), dilation);
    forward_kernel<V><<<blocks_for(2 * shape.count), kThreads, 0, stream>>>(static_cast<const V*>(input.const_data_ptr()),
                                                                            static_cast<V*>(out.mutable_data_ptr()), shape);
  };
  const bool wide = channels * input.element_size() % 16 == 0 && aligned(input);
  if (wide) {
    launch(Bundle<16>{});
  } else if (input.element_size() == 8) {
    launch(Bundle<8>{});
  } else if (input.element_size() == 4) {
    launch(Bundle<4>{});
  } else {
    launch(Bundle<2>{});
  }
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

at::Tensor taps_backward(const at::Tensor& grad, int64_t dilation) {
  const c10::cuda::CUDAGuard guard(grad.device());
  const int64_t channels = grad.size(2) / 2;
  at::Tensor out = at::empty({grad.size(0), grad.size(1), channels}, grad.options());
  const auto stream = c10::cuda::getCurrentCUDAStream();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, grad.scalar_type(), "taps_backward", [&] {
    constexpr int kWide = 16 / sizeof(scalar_t);
    const bool wide = channels % kWide == 0 && aligned(grad);
    const Shape shape = shape_of(grad, channels, wide ? kWide : 1, dilation);
    const auto kernel = wide ? backward_kernel<scalar_t, kWide> : backward_kernel<scalar_t, 1>;
    kernel<<<blocks_for(shape.count), kThreads, 0, stream>>>(grad.const_data_ptr<scalar_t>(), out.mutable_data_ptr<scalar_t>(),
                                                             shape);
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace hpcai::kernels::cuda
