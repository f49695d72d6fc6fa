#include "hpcai/kernels/cuda/gated_activation.h"
#include "hpcai/kernels/cuda_kernels.h"

// Found by name in libhpcai_cuda.so, see kFillCudaKernels.
extern "C" __attribute__((visibility("default"))) void hpcai_fill_cuda_kernels(hpcai::kernels::CudaKernels& kernels) {
  kernels.gated_activation = {hpcai::kernels::cuda::gated_forward, hpcai::kernels::cuda::gated_backward};
}
