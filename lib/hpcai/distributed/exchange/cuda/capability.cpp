#include "hpcai/distributed/exchange/cuda/capability.h"

#include <cuda_runtime_api.h>

// Found by name in libhpcai_cuda.so, see kGpuCapability. HPCAI_LEAST_CAPABILITY: from CMAKE_CUDA_ARCHITECTURES. Where the driver
// does not tell, nothing is refused.
extern "C" __attribute__((visibility("default"))) int hpcai_gpu_capability(int index, int& least) {
  least = HPCAI_LEAST_CAPABILITY;
  int major = 0, minor = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index) != cudaSuccess) return least;
  if (cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index) != cudaSuccess) return least;
  return 10 * major + minor;
}
