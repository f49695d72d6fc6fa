#pragma once

#include <cuda_runtime.h>

#include <cstdint>

// Values whose channels lie side by side, [rows, channels], and sums over their rows.
namespace hpcai::kernels::cuda {

struct Rows {
  int64_t count;
  int channels;
};

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

// How a grid covers the rows: a thread has kWidth channels side by side, the threads of a block along x have the channels of
// one row (at most kLanes threads; blocks along y take the others), those along y rows of their own. Blocks along x
// take every gridDim.x-th stripe of blockDim.y rows.
constexpr int kLanes = 32;
constexpr int kBlockThreads = 512;

template <int kWidth>
struct Place {
  int channel = (static_cast<int>(blockIdx.y) * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * kWidth;
  int64_t first_row = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.y;
};

// Adds over the rows of a block; the sums are in the threads of its first row. `shared` has kWidth places a thread.
template <class S, int kWidth>
__device__ void sum_in_block(S (&values)[kWidth], S* shared) {
  S* const mine = shared + (threadIdx.y * blockDim.x + threadIdx.x) * kWidth;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) mine[i] = values[i];
  __syncthreads();
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {  // blockDim.y is a power of two
    if (threadIdx.y < half) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) mine[i] += mine[i + half * blockDim.x * kWidth];
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) values[i] = shared[threadIdx.x * kWidth + i];
  __syncthreads();
}

// Whether this block is the last of its blockIdx.y to come here; leaves `arrived` as it was found, zero.
__device__ inline bool is_last_block(unsigned* arrived) {
  __shared__ bool last;
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

// Two sums over all rows, for the channels of each thread: through `partial`, [2 gridDim.x, channels], and in an order that
// depends on the grid only. True in the threads that then hold the totals, one for each channel.
template <int kWidth>
__device__ bool sum_over_rows(float (&a)[kWidth], float (&b)[kWidth], double (&total_a)[kWidth], double (&total_b)[kWidth], int channels,
                              float* partial, unsigned* arrived) {
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
    for (unsigned block = threadIdx.y; block < gridDim.x; block += blockDim.y) {
      const float* const row = partial + static_cast<int64_t>(2 * block) * channels + channel;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        total_a[i] += __ldcg(row + i);
        total_b[i] += __ldcg(row + channels + i);
      }
    }
  }
  sum_in_block(total_a, shared);
  sum_in_block(total_b, shared);
  return threadIdx.y == 0 && channel < channels;
}

}  // namespace hpcai::kernels::cuda
