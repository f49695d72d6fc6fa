#include "hpcai/kernels/cuda_kernels.h"

namespace hpcai::kernels {

CudaKernels& cuda_kernels() {
  static CudaKernels kernels;
  return kernels;
}

}  // namespace hpcai::kernels
