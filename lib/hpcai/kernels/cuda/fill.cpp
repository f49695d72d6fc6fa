#include "hpcai/kernels/batch_norm/cuda/batch_norm.h"
#include "hpcai/kernels/gated_activation/cuda/gated_activation.h"
#include "hpcai/kernels/time_taps/cuda/time_taps.h"
#include "hpcai/kernels/cuda_kernels.h"

// Found by name in libhpcai_cuda.so, see kFillCudaKernels.
extern "C" __attribute__((visibility("default"))) void hpcai_fill_cuda_kernels(hpcai::kernels::CudaKernels& kernels) {
  kernels.gated_activation = {hpcai::kernels::cuda::gated_forward, hpcai::kernels::cuda::gated_backward};
  kernels.batch_norm = hpcai::kernels::cuda::kBatchNorm;
  kernels.time_taps = {hpcai::kernels::cuda::taps_forward, hpcai::kernels::cuda::taps_backward};
}
