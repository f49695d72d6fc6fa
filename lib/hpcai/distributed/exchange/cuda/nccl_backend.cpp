#include <ATen/Context.h>
#include <c10/cuda/CUDAFunctions.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>

#include "hpcai/distributed/exchange/cuda/nccl_backend.h"

// libhpcai_cuda.so exports this function under the name kMakeNcclBackend. It connects the ranks at once rather than in the first
// exchange, so that a broken network is found before training starts.
extern "C" __attribute__((visibility("default"))) void hpcai_make_nccl_backend(const hpcai::distributed::BackendRequest& request,
                                                                               hpcai::distributed::BackendPointer& backend) {
  if (!request.interface.empty()) setenv("NCCL_SOCKET_IFNAME", ("=" + request.interface).c_str(), 0);
  // 2: when a rank is lost, end the exchanges that wait for it and leave the report to this process. torchrun sets 1, with which
  // a background thread kills the process.
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", 1);
  // c10d's threads that monitor its own watchdog end the process after some minutes and leave files. This program's watchdog
  // replaces them.
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
  setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", 0);
  const auto index = static_cast<c10::DeviceIndex>(request.device_index);
  c10::cuda::set_device(index);
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = request.timeout;
  auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(request.store, request.rank, request.size, options);
  nccl->setBoundDeviceId(at::Device(at::kCUDA, index));
  nccl->eagerConnectSingleDevice(at::Device(at::kCUDA, index));
  backend = nccl;
}
