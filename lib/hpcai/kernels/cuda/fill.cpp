#include "hpcai/kernels/batch_norm/cuda/batch_norm.h"
#include "hpcai/kernels/cuda_kernels.h"
#include "hpcai/kernels/gated_activation/cuda/gated_activation.h"
#include "hpcai/kernels/time_taps/cuda/time_taps.h"

// Found by name in libhpcai_cuda.so, see kFillCudaKernels.
extern "C" __attribute__((visibility("default"))) void hpcai_fill_cuda_kernels(hpcai::kernels::CudaKernels& kernels) {
  using namespace hpcai::kernels;
  kernels.gated_activation = {.forward = cuda::gated_forward, .backward = cuda::gated_backward};
  kernels.batch_norm = cuda::kBatchNorm;
  kernels.time_taps = {.forward = cuda::taps_forward, .backward = cuda::taps_backward};
}
