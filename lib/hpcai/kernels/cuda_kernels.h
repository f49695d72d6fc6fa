#pragma once

#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"
#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/kernels/time_taps/time_taps.h"

namespace hpcai::kernels {

// The GPU kernels of libhpcai_cuda.so, as function pointers; null until the library is loaded. Without them the operators run
// on LibTorch's own kernels.
struct CudaKernels {
  GatedActivationKernel gated_activation;
  CudaBatchNorm batch_norm;
  TimeTapsKernel time_taps;
};

// The table of this process. Written once, when the library is loaded, before the first operator runs.
CudaKernels& cuda_kernels();

// The library exports a function of this name and type. It must be called with cuda_kernels() after the library is loaded.
using FillCudaKernels = void (*)(CudaKernels&);
inline constexpr char kFillCudaKernels[] = "hpcai_fill_cuda_kernels";

}  // namespace hpcai::kernels
