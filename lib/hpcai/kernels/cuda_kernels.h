#pragma once

#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"
#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/kernels/time_taps/time_taps.h"

namespace hpcai::kernels {

// Kernels of libhpcai_cuda.so; null until it is loaded. The program works without any of them, on LibTorch's operators.
struct CudaKernels {
  GatedActivationKernel gated_activation;
  CudaBatchNorm batch_norm;
  TimeTapsKernel time_taps;
};

CudaKernels& cuda_kernels();

// The library exports a function of this name and type; whoever loads the library calls it with cuda_kernels().
using FillCudaKernels = void (*)(CudaKernels&);
inline constexpr char kFillCudaKernels[] = "hpcai_fill_cuda_kernels";

}  // namespace hpcai::kernels
