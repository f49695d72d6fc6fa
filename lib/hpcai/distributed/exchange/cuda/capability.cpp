#include "hpcai/distributed/exchange/cuda/capability.h"

#include <cuda_runtime_api.h>

// libhpcai_cuda.so exports this function under the name kGpuCapability. HPCAI_LEAST_CAPABILITY comes from
// CMAKE_CUDA_ARCHITECTURES. If the driver does not report the capability, the function accepts the GPU.
extern "C" __attribute__((visibility("default"))) int hpcai_gpu_capability(int index, int& least) {
  least = HPCAI_LEAST_CAPABILITY;
  int major = 0, minor = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index) != cudaSuccess) return least;
  if (cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index) != cudaSuccess) return least;
  return 10 * major + minor;
}
