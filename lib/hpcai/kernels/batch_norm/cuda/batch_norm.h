#pragma once

#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"

namespace hpcai::kernels::cuda {

// The passes of CudaBatchNorm, for CUDA tensors as described there.
extern const CudaBatchNorm kBatchNorm;

}  // namespace hpcai::kernels::cuda
