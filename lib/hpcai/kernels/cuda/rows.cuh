#pragma once

#include <cuda_runtime.h>

#include <cstdint>

// Values whose channels lie side by side, [rows, channels], and sums over their rows. A kernel covers them by a grid of blocks;
// each of its threads works on kWidth neighbouring channels.
namespace hpcai::kernels::cuda {

// The sizes of [rows, channels].
struct Rows {
  int64_t count;
  int channels;
};

// kWidth values that are read or written at once.
template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
  T values[kWidth];
};

template <class T, int kWidth>
__device__ __forceinline__ void load(const T* from, float (&to)[kWidth]) {
  const Pack<T, kWidth> pack = *reinterpret_cast<const Pack<T, kWidth>*>(from);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) to[i] = static_cast<float>(pack.values[i]);
}

template <class T, int kWidth>
__device__ __forceinline__ void store(const float (&from)[kWidth], T* to) {
  Pack<T, kWidth> pack;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) pack.values[i] = static_cast<T>(from[i]);
  *reinterpret_cast<Pack<T, kWidth>*>(to) = pack;
}

// Reads values that other blocks have written since the kernel began, so not through the first-level cache.
template <int kWidth>
__device__ __forceinline__ void load_fresh(const float* from, float (&to)[kWidth]) {
  if constexpr (kWidth % 4 == 0) {
#pragma unroll
    for (int i = 0; i < kWidth; i += 4) {
      const float4 four = __ldcg(reinterpret_cast<const float4*>(from + i));
      to[i] = four.x, to[i + 1] = four.y, to[i + 2] = four.z, to[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) to[i] = __ldcg(from + i);
  }
}

// How a grid covers the rows. Threads of a block along x share a row, each with its kWidth channels: at most kLanes threads, and
// blocks along y take the other channels. Threads along y have rows of their own, blockDim.y rows a block. Blocks along x take
// every gridDim.x-th such stripe.
constexpr int kLanes = 32;
constexpr int kBlockThreads = 512;

template <int kWidth>
struct Place {
  int channel = (static_cast<int>(blockIdx.y) * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * kWidth;
  int64_t first_row = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.y;
};

// Adds `values` over the rows of a block; afterwards the threads of its first row hold the sums. `shared` has kWidth places a
// thread, those of neighbouring threads side by side, so that they lie in different banks.
template <class S, int kWidth>
__device__ void sum_in_block(S (&values)[kWidth], S* shared) {
  const unsigned threads = blockDim.x * blockDim.y;
  S* const mine = shared + threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) mine[i * threads] = values[i];
  __syncthreads();
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {  // blockDim.y is a power of two
    if (threadIdx.y < half) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) mine[i * threads] += mine[i * threads + half * blockDim.x];
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) values[i] = shared[i * threads + threadIdx.x];
  __syncthreads();
}

// Whether this block is the last with its blockIdx.y that calls this. `arrived` [gridDim.y] counts the calls; it is zero before
// the first and after the last one.
__device__ inline bool is_last_block(unsigned* arrived) {
  static __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    last = atomicAdd(arrived + blockIdx.y, 1) == gridDim.x - 1;
    if (last) arrived[blockIdx.y] = 0;
  }
  __syncthreads();
  __threadfence();
  return last;
}

// Two sums over all rows, for the channels of each thread, through `partial` [2 gridDim.x, channels]. The order of the additions
// depends on the grid only. Returns true in the threads that hold the totals, one thread for each pack of channels.
template <int kWidth>
__device__ bool sum_over_rows(float (&a)[kWidth], float (&b)[kWidth], double (&total_a)[kWidth], double (&total_b)[kWidth],
                              int channels, float* partial, unsigned* arrived) {
  extern __shared__ double shared[];
  const int channel = Place<kWidth>{}.channel;
  sum_in_block(a, reinterpret_cast<float*>(shared));
  sum_in_block(b, reinterpret_cast<float*>(shared));
  if (threadIdx.y == 0 && channel < channels) {
    float* const row = partial + static_cast<int64_t>(2 * blockIdx.x) * channels + channel;
    store(a, row);
    store(b, row + channels);
  }
  if (!is_last_block(arrived)) return false;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) total_a[i] = total_b[i] = 0;
  if (channel < channels) {
#pragma unroll 4
    for (unsigned block = threadIdx.y; block < gridDim.x; block += blockDim.y) {
      const float* const row = partial + static_cast<int64_t>(2 * block) * channels + channel;
      float one_a[kWidth], one_b[kWidth];
      load_fresh(row, one_a);
      load_fresh(row + channels, one_b);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        total_a[i] += one_a[i];
        total_b[i] += one_b[i];
      }
    }
  }
  sum_in_block(total_a, shared);
  sum_in_block(total_b, shared);
  return threadIdx.y == 0 && channel < channels;
}

}  // namespace hpcai::kernels::cuda
