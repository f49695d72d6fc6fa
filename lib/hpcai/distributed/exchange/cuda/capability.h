#pragma once

namespace hpcai::distributed {

// The function of libhpcai_cuda.so that returns the compute capability of a GPU, 75 for 7.5, and sets `least` to the least one
// for which the library has code.
using GpuCapability = int (*)(int index, int& least);
inline constexpr char kGpuCapability[] = "hpcai_gpu_capability";

}  // namespace hpcai::distributed
