#pragma once

// Enough of CUDA to run a kernel of a header on a CPU: a thread of the kernel is a thread, the blocks come one after the other.
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#define __global__
#define __device__
#define __shared__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

inline thread_local dim3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;

namespace emulation {
inline std::unique_ptr<std::barrier<>> barrier;

inline void launch(dim3 grid, dim3 block, const std::function<void()>& kernel) {
  gridDim = grid;
  blockDim = block;
  for (unsigned number = 0; number < grid.x * grid.y; ++number) {
    barrier = std::make_unique<std::barrier<>>(block.x * block.y);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < block.x * block.y; ++i) {
      threads.emplace_back([&, i] {
        threadIdx = {i % block.x, i / block.x};
        blockIdx = {number % grid.x, number / grid.x};
        kernel();
        barrier->arrive_and_drop();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}
}  // namespace emulation

inline void __syncthreads() { emulation::barrier->arrive_and_wait(); }
inline void __threadfence() {}
inline unsigned atomicAdd(unsigned* place, unsigned value) { return std::exchange(*place, *place + value); }
template <class T>
T __ldcg(const T* from) {
  return *from;
}
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
using std::isnan;
