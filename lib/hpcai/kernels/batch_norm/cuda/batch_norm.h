#pragma once

#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"

namespace hpcai::kernels::cuda {

extern const CudaBatchNorm kBatchNorm;

}  // namespace hpcai::kernels::cuda
